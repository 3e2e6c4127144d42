import { z } from "@hono/zod-openapi";
import { LIMITS } from "../config.ts";
import { ON_ITEM_FAILURE } from "../schema/jobs.ts";
import { hasOneInput, jobFields, jobInput, ONE_INPUT } from "./job-fields.ts";

const { output_specifications, steps, priority, allow_partial, metadata_handling } = jobFields.shape;

/** What a job of a batch may say for itself; what it leaves out is the batch's default, and then the job's. */
const itemFields = z.strictObject({
  output_specifications,
  steps,
  priority: priority.unwrap().optional(),
  allow_partial: allow_partial.unwrap().optional(),
  metadata_handling,
});

const item = itemFields
  .extend(jobInput)
  .refine(hasOneInput, ONE_INPUT)
  .openapi("BatchItem", { description: "Exactly one of `media_id` and `source_url`" });

export const batchRequest = z
  .strictObject({
    items: z.array(item).min(1).max(LIMITS.maxBatchItems),
    defaults: itemFields.default({}).openapi({ description: "For every item that does not say otherwise" }),
    on_item_failure: z
      .enum(ON_ITEM_FAILURE)
      .default("continue")
      .openapi({ description: "fail_fast: the first job that fails cancels those that have not started" }),
    webhook_url: z.string().optional(),
    webhook_mode: z.enum(["batch", "item"]).default("batch").openapi({
      description: "Whether webhook_url is sent the events of the batch, or those of each of its jobs",
    }),
  })
  .openapi("BatchRequest");

export type BatchRequest = z.infer<typeof batchRequest>;
export type BatchItem = BatchRequest["items"][number];
