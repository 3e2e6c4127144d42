import { encodeBase64 } from "hono/utils/encode";
import { configOf, type Env, LIMITS } from "../config.ts";
import { errorCodeOf, MediaError } from "../errors.ts";
import type { ImageOutput } from "../image/output.ts";
import { attemptPrefix, type ClaimedTask } from "../jobs/claimed-task.ts";
import { jobPrefix } from "../media/object-keys.ts";
import type { MediaRecord } from "../media/record.ts";
import type { FileOutput } from "../video/file-output.ts";
import { lowerSettings, lowerThreads } from "../video/lower-settings.ts";
import type { StreamOutput, VideoOutput } from "../video/output.ts";
import type { FailedFile, LogoSource, ProducedFile, TaskRequest, TaskResult } from "../video/protocol.ts";
import { streamRoot } from "../video/segment-keys.ts";
import type { SourceDescription } from "../video/source.ts";
import type { FailedOutput, TaskOutcome } from "./conclude.ts";
import { keepAnalysis } from "./keep-analysis.ts";
import { findLogos } from "./logos.ts";
import { notesOnModesty, stepsDown } from "./modesty.ts";
import { outputsToMake, toleratedClasses } from "./partial-outputs.ts";
import { outcomeOfProbe } from "./probe-outcome.ts";
import type { RenderOrder } from "./render-in-container.ts";
import { confirmed, doubtOf, SECOND_OPINION_MS } from "./second-opinion.ts";
import { readStitchTracks, removeParts } from "./stitch-request.ts";
import { storageUrls } from "./storage-access.ts";
import { LANE_OF_TASK, TASK_SPECS } from "./task-spec.ts";

/** How long one attempt of each kind may take, ms. */
const TIME_LIMITS_MS = {
  probe: 3 * 60_000,
  image: 5 * 60_000,
  watermark: 5 * 60_000,
  thumbnail: 5 * 60_000,
  storyboard: 30 * 60_000,
  preview: 5 * 60_000,
  sound: 3 * 60 * 60_000,
  waveform: 60 * 60_000,
  analysis: 3 * 60 * 60_000,
  transcode: 3 * 60 * 60_000,
  stream: 3 * 60 * 60_000,
  chunk: 30 * 60_000,
  audio: 3 * 60 * 60_000,
  subtitles: 60 * 60_000,
  stitch: 60 * 60_000,
} as const;

type ContainerKind = keyof typeof TIME_LIMITS_MS;

/** A step that marks a video encodes it again. */
function timeLimitOf({ kind, lane, spec }: ClaimedTask["task"]): number {
  if (doubtOf({ spec }) !== undefined) return SECOND_OPINION_MS;
  const isVideo = kind === "watermark" && lane === LANE_OF_TASK.transcode;
  return TIME_LIMITS_MS[isVideo ? "transcode" : (kind as ContainerKind)];
}

/** Everything that an attempt may write, bytes: a runaway encoder must not fill the disk. */
const MAX_OUTPUT_BYTES = 20_000_000_000;

/** Names the attempt to the transcoder; the slot's name in front tells whose it is. */
export function attemptIdOf(slot: string, attempt: { taskId: string; attempt: number }): string {
  return `${slot}.${attempt.taskId}.${attempt.attempt}`;
}

/**
 * The request that hands a claimed task to the transcoder: what to do, and URLs that reach nothing else.
 *
 * @throws MediaError `internal` for kinds that do not run there.
 */
export async function requestOf(env: Env, slot: string, claimed: ClaimedTask): Promise<TaskRequest> {
  const kind = claimed.task.kind;
  if (!isContainerKind(kind)) throw new MediaError("internal", `${kind} does not run in a container.`);
  const timeLimitMs = timeLimitOf(claimed.task);
  const steps = stepsDown(claimed.task);
  const logos = await findLogos(env.DB, picturesOf(claimed.task));
  const { logoUrls, partsUrl, ...urls } = await storageUrls(
    env,
    {
      readKey: claimed.media.objectKey,
      ...(kind === "stitch" && { partsPrefix: jobPrefix(claimed.lease.jobId) }),
      logoKeys: logos.map((logo) => logo.objectKey),
      writePrefix: attemptPrefix(claimed.lease),
      lease: { taskId: claimed.lease.taskId, token: claimed.lease.token },
    },
    Date.now() + timeLimitMs + LIMITS.leaseMs,
  );
  const base = {
    attemptId: attemptIdOf(slot, claimed.lease),
    ...urls,
    inputBytes: claimed.media.sizeBytes,
    timeLimitMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    threads: lowerThreads(steps),
  };
  const { spec } = claimed.task;
  const sources = logoSources(logos, logoUrls);
  switch (kind) {
    case "probe":
      return { kind, ...base, measureComplexity: TASK_SPECS.probe.parse(spec).outputs.some(adapts) };
    case "image":
      return {
        kind,
        ...base,
        outputs: await outputsToMake(env.DB, claimed, TASK_SPECS.image.parse(spec).outputs),
        logos: sources,
        tolerated: toleratedClasses(claimed),
        analyze: true,
        ...(doubtOf(claimed.task) !== undefined && { strict: true }),
      };
    case "transcode": {
      const { source, output } = TASK_SPECS.transcode.parse(spec);
      return fileRequest(base, source, lowerSettings(output, steps), sources);
    }
    case "stream":
      return withKeys(env, claimed, { kind, ...base, ...TASK_SPECS.stream.parse(spec), logos: sources });
    case "chunk":
      return withKeys(env, claimed, { kind, ...base, ...TASK_SPECS.chunk.parse(spec), logos: sources });
    case "audio":
      return withKeys(env, claimed, { kind, ...base, ...TASK_SPECS.audio.parse(spec) });
    case "subtitles":
      return { kind, ...base, ...TASK_SPECS.subtitles.parse(spec) };
    case "stitch": {
      const { source, output } = TASK_SPECS.stitch.parse(spec);
      const tracks = await readStitchTracks(env.DB, claimed);
      return { kind, ...base, source, output, partsUrl, tracks };
    }
    case "thumbnail":
      return { kind, ...base, ...TASK_SPECS.thumbnail.parse(spec), logos: sources };
    case "storyboard":
      return { kind, ...base, ...TASK_SPECS.storyboard.parse(spec) };
    case "preview":
      return { kind, ...base, ...TASK_SPECS.preview.parse(spec) };
    case "sound":
      return { kind, ...base, ...TASK_SPECS.sound.parse(spec) };
    case "analysis":
      return { kind, ...base, ...TASK_SPECS.analysis.parse(spec) };
    case "waveform":
      return { kind, ...base, ...TASK_SPECS.waveform.parse(spec) };
    case "watermark": {
      const marking = TASK_SPECS.watermark.parse(spec);
      if ("outputs" in marking) {
        const strict = marking.doubt !== undefined;
        return { kind: "image", ...base, outputs: marking.outputs, logos: sources, strict };
      }
      const { output, source } = marking;
      if (!("image" in output)) return fileRequest(base, source, lowerSettings(output, steps), sources);
      return { kind: "thumbnail", ...base, output, source, logos: sources };
    }
  }
}

/** What the tasks of an encrypted stream make their keys from. */
async function withKeys<R extends { output: StreamOutput | FileOutput }>(
  env: Env,
  { job }: ClaimedTask,
  request: R,
): Promise<R & { keyRoot?: string }> {
  const { output } = request;
  if (!("encryption" in output) || output.encryption === undefined) return request;
  const root = await streamRoot(configOf(env).tokenSecret, job.id);
  return { ...request, keyRoot: encodeBase64(root.buffer) };
}

type RequestBase = Omit<Extract<TaskRequest, { kind: "probe" }>, "kind">;

function fileRequest(
  base: RequestBase,
  source: SourceDescription,
  output: FileOutput,
  logos: LogoSource[],
): TaskRequest {
  return { kind: "transcode", ...base, ...withinLimits(base, output), source, output, logos };
}

/** Less time and fewer threads where the output asks for that. */
function withinLimits({ timeLimitMs, threads }: RequestBase, { limits = {} }: FileOutput) {
  const most = Number.POSITIVE_INFINITY;
  const fewest = Math.min(threads ?? most, limits.threads ?? most);
  return {
    timeLimitMs: Math.min(timeLimitMs, (limits.timeoutSeconds ?? most) * 1_000),
    threads: fewest === most ? undefined : fewest,
  };
}

function adapts(output: VideoOutput): boolean {
  return "contentAware" in output && output.contentAware === true;
}

/** The pictures and videos that a task makes, which may be marked with logos. */
function picturesOf({ kind, spec }: ClaimedTask["task"]): Pick<ImageOutput, "watermark">[] {
  if (kind === "image") return TASK_SPECS.image.parse(spec).outputs;
  if (kind === "thumbnail") {
    const { output, others = [] } = TASK_SPECS.thumbnail.parse(spec);
    return [output, ...others].map(({ image }) => image);
  }
  if (kind === "transcode" || kind === "stream" || kind === "chunk")
    return [TASK_SPECS[kind].parse(spec).output];
  if (kind !== "watermark") return [];
  const marking = TASK_SPECS.watermark.parse(spec);
  if ("outputs" in marking) return marking.outputs;
  return ["image" in marking.output ? marking.output.image : marking.output];
}

function logoSources(logos: readonly MediaRecord[], urls: readonly string[]): LogoSource[] {
  return logos.map((logo, index) => ({ mediaId: logo.id, url: urls[index] ?? "", bytes: logo.sizeBytes }));
}

/** The request that has one image made for a URL: it is stored under the name that the order gives. */
export async function derivativeRequestOf(
  env: Env,
  { media, output, objectKey, analyze, isDoubted }: RenderOrder,
): Promise<TaskRequest> {
  const slash = objectKey.lastIndexOf("/");
  const timeLimitMs = isDoubted ? SECOND_OPINION_MS : TIME_LIMITS_MS.thumbnail;
  const logos = await findLogos(env.DB, [output]);
  const {
    logoUrls,
    partsUrl: _parts,
    ...urls
  } = await storageUrls(
    env,
    {
      readKey: media.objectKey,
      logoKeys: logos.map((logo) => logo.objectKey),
      writePrefix: objectKey.slice(0, slash + 1),
    },
    Date.now() + timeLimitMs,
  );
  return {
    kind: "image",
    attemptId: `derivative.${crypto.randomUUID()}`,
    ...urls,
    inputBytes: media.sizeBytes,
    timeLimitMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    outputs: [{ ...output, name: objectKey.slice(slash + 1) }],
    analyze,
    strict: isDoubted,
    logos: logoSources(logos, logoUrls),
  };
}

function isContainerKind(kind: string): kind is ContainerKind {
  return kind in TIME_LIMITS_MS;
}

/** What a finished container task leaves: its files checked in storage, and after a probe the tasks that follow. */
export async function outcomeOf(env: Env, claimed: ClaimedTask, result: TaskResult): Promise<TaskOutcome> {
  switch (result.kind) {
    case "probe":
      return await outcomeOfProbe(env, claimed, result);
    case "files":
      await verifyFiles(env.MEDIA, attemptPrefix(claimed.lease), result.files);
      return {
        result: null,
        files: result.files,
        notes: [...result.notes, ...notesOnModesty(claimed.task)],
        failedOutputs: (result.failed ?? []).map((failed) => failedOutput(failed, doubtOf(claimed.task))),
        ...(claimed.task.kind === "stitch" && { tidy: () => removeParts(env, claimed) }),
        ...(result.analysis && keepAnalysis(claimed.media, result.analysis)),
      };
    case "tracks":
      return { result, files: [], notes: result.notes };
  }
}

function failedOutput({ name, code, message, detail }: FailedFile, doubt: string | undefined): FailedOutput {
  const error = new MediaError(errorCodeOf(code), message, { privateDetail: detail });
  return { name, error: confirmed(doubt, error) };
}

/** Every file that was reported lies in R2 with its size. */
async function verifyFiles(bucket: R2Bucket, prefix: string, files: readonly ProducedFile[]): Promise<void> {
  for (const file of files) {
    const stored = await bucket.head(prefix + file.path);
    if (stored?.size === file.bytes) continue;
    throw new MediaError("invalid_result", `The output ${file.name} did not arrive whole in storage.`, {
      privateDetail: `${file.path}: ${file.bytes} bytes reported, ${stored?.size ?? "none"} stored`,
    });
  }
}
