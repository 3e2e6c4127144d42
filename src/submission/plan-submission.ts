import { configOf, type Env } from "../config.ts";
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
 * @param webhookUrl as `webhookUrlOf` found it
 * @throws MediaError `invalid_request` for outputs that cannot be made of it,
 *   `overloaded` for low-priority work that there is no room for, and the refusals of `planJob`.
 */
export async function planSubmission(
  env: Env,
  fields: JobFields,
  input: PlannedInput,
  mediaId: string,
  submitter: Omit<Submitter, "once"> & { webhookUrl: string | undefined },
): Promise<PlannedSubmission> {
  const specifications = fields.output_specifications ?? [...DEFAULT_OUTPUTS[input.kind]];
  const resolved = resolveOutputs(specifications, input.kind, configOf(env).watermarkLogo);
  const asked = stepsOf(fields.steps, specifications);
  const steps = { asked, planned: await resolveSteps(env, submitter.owner, asked, resolved) };
  const logos = await requireLogos(env, submitter.owner, resolved, steps.planned);
  const nowMs = Date.now();
  const planned = planJob(input, resolved, {
    ...submitter,
    logos,
    steps,
    jobId: newId("job", nowMs),
    taskId: newId("task", nowMs),
    mediaId,
    priority: fields.priority,
    allowPartial: fields.allow_partial,
    outputSpecifications: specifications,
    nowMs,
  });
  await refuseOverload(env, planned);
  return { planned: await withEstimate(env.DB, planned, nowMs), resolved };
}

/** The job with the hash of its content, by which another submission of the same is known; without, when that is off. */
export async function withContentHash(
  env: Env,
  { planned, resolved }: PlannedSubmission,
  inputSha256: string,
  fields: JobFields,
): Promise<PlannedJob> {
  if (configOf(env).dedupeWindowMs === 0) return planned;
  const hash = await contentHash(inputSha256, resolved, fields);
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

/** What stored media says of itself. */
export function inputOf(media: MediaRow): PlannedInput {
  return media.kind === "image"
    ? { kind: "image", probe: media.metadata as unknown as ImageProbe, bytes: media.sizeBytes }
    : { kind: "video", bytes: media.sizeBytes };
}
