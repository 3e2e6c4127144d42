import { configOf, type Env, LIMITS } from "../config.ts";
import { toMediaError } from "../errors.ts";
import { newId } from "../id.ts";
import type { MediaRow } from "../jobs/claimed-task.ts";
import { newTaskRow } from "../jobs/new-task.ts";
import { originalKey } from "../media/object-keys.ts";
import { safeFilename } from "../media/record.ts";
import { LANE_OF_TASK } from "../processing/task-spec.ts";
import { STAGE_WEIGHTS, type StageName } from "../progress/stages.ts";
import { requireTarget } from "../webhooks/check-url.ts";
import type { JobFields } from "./job-fields.ts";
import type { OutputSpecification } from "./output-specification.ts";
import type { PlannedJob } from "./plan-job.ts";
import { DEFAULT_OUTPUTS } from "./presets.ts";
import { refuseOverload } from "./refuse-overload.ts";
import { type OutputDefaults, type ResolvedOutputs, resolveOutputs } from "./resolve-outputs.ts";
import { resolveSteps, stepsOf } from "./steps.ts";
import type { Submitter } from "./write-job.ts";

/** A job whose original is yet to be fetched, and the media that it will become. */
export interface SourceJob extends PlannedJob {
  newMedia: MediaRow;
}

/** Before anything is known: what fetching and a small image take. */
const GUESS_MS = 5_000;

/**
 * Plans a job on a `source_url`. Fetching is its first task; what the original is, an image or a video, is known only
 * then, and until then job and media are of kind `unknown`. What can be refused now is: a URL that may not be fetched,
 * and outputs that can be made of neither.
 *
 * @throws MediaError `invalid_request` with the path of what does not fit.
 */
export async function planSource(
  env: Env,
  sourceUrl: string,
  fields: JobFields,
  submitter: Omit<Submitter, "once"> & { webhookUrl: string | undefined },
): Promise<SourceJob> {
  const url = await requireTarget(env, sourceUrl, "source_url", "The source_url");
  await requirePossible(env, fields, submitter.owner);
  const nowMs = Date.now();
  const [jobId, mediaId] = [newId("job", nowMs), newId("media", nowMs)];
  const owner = { jobId, priority: fields.priority, jobCreatedAtMs: nowMs, nowMs };
  const spec = { url: url.href, fields };
  const task = newTaskRow({ id: newId("task", nowMs), kind: "fetch", lane: LANE_OF_TASK.fetch, spec }, owner);
  const planned: SourceJob = {
    newMedia: mediaToCome(mediaId, submitter.owner, url, nowMs),
    tasks: [task],
    dependencies: [],
    job: {
      id: jobId,
      owner: submitter.owner,
      keyId: submitter.keyId,
      mediaId,
      kind: "unknown",
      status: "pending",
      hasChannel: true,
      run: 1,
      priority: fields.priority,
      allowPartial: fields.allow_partial,
      outputSpecifications: fields.output_specifications ?? [],
      steps: fields.steps ?? [],
      // As if it were an image; what it is comes with its tasks.
      stages: ["fetching", ...(Object.keys(STAGE_WEIGHTS.image) as StageName[])],
      currentStage: null,
      progressPercentage: 0,
      estimatedDurationMs: GUESS_MS,
      estimate: null,
      notes: [],
      error: null,
      requestId: submitter.requestId,
      traceparent: submitter.traceparent ?? null,
      webhookUrl: submitter.webhookUrl ?? null,
      contentHash: null,
      batchId: null,
      createdAt: nowMs,
      startedAt: null,
      finishedAt: null,
      deadlineAt: nowMs + LIMITS.jobDeadlineMs,
      historyRemovedAt: null,
    },
  };
  await refuseOverload(env, planned);
  return planned;
}

function mediaToCome(id: string, owner: string, url: URL, nowMs: number): MediaRow {
  return {
    id,
    owner,
    kind: "unknown",
    type: "application/octet-stream",
    filename: safeFilename(url.pathname),
    sizeBytes: 0,
    sha256: "",
    objectKey: originalKey(id),
    status: "incoming",
    version: 1,
    metadata: {},
    createdAt: nowMs,
  };
}

/** Of what outputs will be made is not known; when they can be made of nothing, or steps cannot follow, that is. */
async function requirePossible(env: Env, fields: JobFields, owner: string): Promise<void> {
  const specifications = fields.output_specifications ?? [...DEFAULT_OUTPUTS.image];
  const resolved = resolveForEither(specifications, {
    logo: configOf(env).watermarkLogo,
    metadata: fields.metadata_handling,
  });
  await resolveSteps(env, owner, stepsOf(fields.steps, specifications), resolved);
}

function resolveForEither(
  specifications: readonly OutputSpecification[],
  defaults: OutputDefaults,
): ResolvedOutputs {
  try {
    return resolveOutputs(specifications, "video", defaults);
  } catch (ofVideo) {
    try {
      return resolveOutputs(specifications, "image", defaults);
    } catch (ofImage) {
      const [video, image] = [toMediaError(ofVideo), toMediaError(ofImage)];
      throw video.errors.length < image.errors.length ? video : image;
    }
  }
}
