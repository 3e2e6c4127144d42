import { configOf, type Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import type { ImageProbe } from "../image/probe.ts";
import type { MediaRow } from "../jobs/claimed-task.ts";
import { requireTarget } from "../webhooks/check-url.ts";
import { contentHash } from "./content-hash.ts";
import { withEstimate } from "./estimate-job.ts";
import type { JobFields } from "./job-fields.ts";
import { requireLogos } from "./logos.ts";
import { type PlannedInput, type PlannedJob, planJob } from "./plan-job.ts";
import { DEFAULT_OUTPUTS } from "./presets.ts";
import { refuseOverload } from "./refuse-overload.ts";
import { type ResolvedOutputs, resolveOutputs } from "./resolve-outputs.ts";
import { resolveSteps, stepsOf } from "./steps.ts";
import type { Submitter } from "./write-job.ts";

/** A job that could be made, and what it takes to know whether it has been made before. */
export interface PlannedSubmission {
  planned: PlannedJob;
  resolved: ResolvedOutputs;
}

/**
 * Plans the job that the fields ask for, of an input that is known.
 *
 * @param submitter with the `webhookUrl` that `webhookUrlOf` found
 * @param identity of a job that was accepted before its input was known; left out, it is a new one
 * @throws MediaError `invalid_request` for outputs that cannot be made of it,
 *   `overloaded` for low-priority work that there is no room for, and the refusals of `planJob`.
 */
export async function planSubmission(
  env: Env,
  fields: JobFields,
  input: PlannedInput,
  mediaId: string,
  submitter: Omit<Submitter, "once"> & { webhookUrl: string | undefined },
  identity?: { jobId: string; nowMs: number },
): Promise<PlannedSubmission> {
  const specifications = fields.output_specifications ?? [...DEFAULT_OUTPUTS[input.kind]];
  const resolved = resolveOutputs(specifications, input.kind === "image" ? "image" : "video", {
    logo: configOf(env).watermarkLogo,
    metadata: fields.metadata_handling,
  });
  const asked = stepsOf(fields.steps, specifications);
  const steps = { asked, planned: await resolveSteps(env, submitter.owner, asked, resolved) };
  const logos = await requireLogos(env, submitter.owner, resolved, steps.planned);
  const { jobId, nowMs } = identity ?? newJobNow();
  const planned = planJob(input, resolved, {
    ...submitter,
    logos,
    steps,
    jobId,
    taskId: newId("task", nowMs),
    mediaId,
    priority: fields.priority,
    allowPartial: fields.allow_partial,
    outputSpecifications: specifications,
    nowMs,
  });
  // What was accepted is done, however much there is.
  if (!identity) await refuseOverload(env, planned);
  return { planned: await withEstimate(env.DB, planned, nowMs), resolved };
}

function newJobNow(): { jobId: string; nowMs: number } {
  const nowMs = Date.now();
  return { jobId: newId("job", nowMs), nowMs };
}

/** The job with the hash of its content, by which another submission of the same is known; without, when that is off. */
export async function withContentHash(
  env: Env,
  { planned, resolved }: PlannedSubmission,
  inputSha256: string,
  fields: JobFields,
): Promise<PlannedJob> {
  if (configOf(env).dedupeWindowMs === 0) return planned;
  const hash = await contentHash(inputSha256, resolved, { ...fields, steps: planned.job.steps });
  return { ...planned, job: { ...planned.job, contentHash: hash } };
}

/**
 * Where a job's own events go.
 *
 * @throws MediaError `invalid_request` when it may not be sent webhooks.
 */
export async function webhookUrlOf(
  env: Env,
  { webhook_url }: Pick<JobFields, "webhook_url">,
): Promise<string | undefined> {
  return webhook_url === undefined ? undefined : (await requireTarget(env, webhook_url, "webhook_url")).href;
}

/**
 * What stored media says of itself.
 *
 * @throws MediaError `invalid_request` for media that was to be fetched and has not been.
 */
export function inputOf(media: MediaRow): PlannedInput {
  if (media.kind === "unknown") {
    throw new MediaError("invalid_request", "The media has not been fetched; see errors.", {
      errors: [{ path: "media_id", message: "It has not been fetched from its source_url (yet)." }],
    });
  }
  return media.kind === "image"
    ? { kind: "image", probe: media.metadata as unknown as ImageProbe, bytes: media.sizeBytes }
    : { kind: media.kind, bytes: media.sizeBytes };
}
