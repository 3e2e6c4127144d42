import { z } from "@hono/zod-openapi";
import { LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import { PRIORITIES } from "../schema.ts";
import { outputSpecification } from "./output-specification.ts";

const outputSpecifications = z.array(outputSpecification).min(1).max(LIMITS.maxOutputs);

/** The fields that a job has, however it is submitted. */
export const jobFields = z.strictObject({
  output_specifications: outputSpecifications.optional(),
  priority: z.enum(PRIORITIES).default("normal"),
  allow_partial: z.boolean().default(false).openapi({
    description: "Outputs that fail for good do not sink the others: the job completes and lists them",
  }),
  webhook_url: z
    .string()
    .optional()
    .openapi({ description: "Is sent every event of this job, signed with the owner's default secret" }),
});
export type JobFields = z.infer<typeof jobFields>;

/** A job on media that is already stored. */
export const jobRequest = jobFields.extend({ media_id: z.string() }).openapi("JobRequest");

/**
 * Validates the text fields of a multipart job.
 *
 * @throws MediaError `invalid_request` with the path of every field that does not fit.
 */
export function parseJobFields(fields: ReadonlyMap<string, string>): JobFields {
  const values: Record<string, unknown> = Object.fromEntries(fields);
  const specifications = fields.get("output_specifications");
  if (specifications !== undefined) values.output_specifications = parseJson(specifications);
  if (values.allow_partial === "true" || values.allow_partial === "false")
    values.allow_partial = values.allow_partial === "true";
  return parseFields(jobFields, values);
}

/** Parses with a schema; what does not fit becomes one `invalid_request` with a path for each problem. */
export function parseFields<T extends z.ZodType>(schema: T, values: unknown): z.infer<T> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new MediaError("invalid_request", "Some fields are not valid; see errors.", {
    errors: fieldErrors(parsed.error.issues),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MediaError("invalid_request", "output_specifications is not valid JSON.", {
      errors: [
        { path: "output_specifications", message: 'Send a JSON array, such as [{"preset":"thumbnail"}].' },
      ],
    });
  }
}
