import { z } from "@hono/zod-openapi";
import { LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import { metadataChoice } from "../image/metadata/modes.ts";
import { PRIORITIES } from "../schema/jobs.ts";
import { outputSpecification } from "./output-specification.ts";
import { stepSpecifications } from "./steps.ts";

const outputSpecifications = z.array(outputSpecification).min(1).max(LIMITS.maxOutputs);

/** The fields that a job has, however it is submitted. */
export const jobFields = z.strictObject({
  output_specifications: outputSpecifications.optional(),
  steps: stepSpecifications.optional(),
  priority: z.enum(PRIORITIES).default("normal"),
  allow_partial: z.boolean().default(false).openapi({
    description: "Outputs that fail for good do not sink the others: the job completes and lists them",
  }),
  metadata_handling: metadataChoice.optional().openapi({
    description: "What outputs that do not say keep of the input's metadata; strip_all when absent",
  }),
  webhook_url: z
    .string()
    .optional()
    .openapi({ description: "Is sent every event of this job, signed with the owner's default secret" }),
  force_new: z
    .boolean()
    .default(false)
    .openapi({ description: "Make it again, also when the same has been submitted a short while ago" }),
});
export type JobFields = z.infer<typeof jobFields>;

/** What a job works on when no file comes with it: media that is stored, or a URL to fetch. */
export const jobInput = {
  media_id: z.string().optional(),
  source_url: z.string().optional().openapi({ description: "Fetched as the job's first task; https only" }),
};

export function hasOneInput(input: { media_id?: string; source_url?: string }): boolean {
  return (input.media_id === undefined) !== (input.source_url === undefined);
}
export const ONE_INPUT = { message: "Name either a media_id or a source_url.", path: ["media_id"] };

/** A job without a file. */
export const jobRequest = jobFields
  .extend(jobInput)
  .refine(hasOneInput, ONE_INPUT)
  .openapi("JobRequest", { description: "Exactly one of `media_id` and `source_url`" });
export type JobRequest = z.infer<typeof jobRequest>;

/**
 * Validates the text fields of a multipart job.
 *
 * @throws MediaError `invalid_request` with the path of every field that does not fit.
 */
export function parseJobFields(fields: ReadonlyMap<string, string>): JobFields {
  const values: Record<string, unknown> = Object.fromEntries(fields);
  const handling = fields.get("metadata_handling");
  for (const name of JSON_FIELDS) {
    const text = fields.get(name);
    if (text !== undefined) values[name] = parseJson(name, text);
  }
  if (handling !== undefined && /^\s*\{/.test(handling))
    values.metadata_handling = parseJson("metadata_handling", handling);
  for (const name of BOOLEAN_FIELDS) values[name] = booleanIn(fields.get(name));
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

/** Fields that are JSON in a form, with what they look like. */
const JSON_EXAMPLES = {
  output_specifications: '[{"preset":"thumbnail"}]',
  steps: '[{"ship":{"destination":"default"}}]',
  metadata_handling: '{"keep":["copyright"]}',
} as const;
/** What of a choice is more than a word is JSON, too. */
const JSON_FIELDS = ["output_specifications", "steps"] as const;

const BOOLEAN_FIELDS = ["allow_partial", "force_new"] as const;

/** A part of a form is text; anything but the two words is left to the schema to refuse. */
function booleanIn(text: string | undefined): boolean | string | undefined {
  if (text === "true") return true;
  return text === "false" ? false : text;
}

function parseJson(name: keyof typeof JSON_EXAMPLES, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MediaError("invalid_request", `${name} is not valid JSON.`, {
      errors: [{ path: name, message: `Send JSON, such as ${JSON_EXAMPLES[name]}.` }],
    });
  }
}
