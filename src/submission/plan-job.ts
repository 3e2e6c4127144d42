import { LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import type { ImageOutput } from "../image/output.ts";
import { planImage } from "../image/plan.ts";
import type { LogoHeaders } from "../image/plan-logo.ts";
import type { ImageProbe } from "../image/probe.ts";
import type { JobRow, TaskDependencyRow, TaskRow } from "../jobs/claimed-task.ts";
import { estimateJob, sizeBucketOf } from "../jobs/estimate.ts";
import { dependencyRows, newTaskRow } from "../jobs/new-task.ts";
import { imageNeeds } from "../processing/image-needs.ts";
import { planSteps } from "../processing/plan-steps.ts";
import type { PlannedStep } from "../processing/planned-step.ts";
import { imageStepOutputs } from "../processing/step-outputs.ts";
import { LANE_OF_TASK } from "../processing/task-spec.ts";
import { type JobKind, STAGE_WEIGHTS, type StageName } from "../progress/stages.ts";
import type { JobEstimate, Priority } from "../schema/jobs.ts";
import type { Lane } from "../schema/tasks.ts";
import { isFileOutput } from "../video/file-output.ts";
import { STREAM_FORMATS, type VideoOutput } from "../video/output.ts";
import type { ResolvedOutputs } from "./resolve-outputs.ts";

/** What is known of the input when its job is planned. */
export type PlannedInput =
  | { kind: "image"; probe: ImageProbe; bytes: number }
  | { kind: "video" | "audio"; bytes: number };

interface JobIdentity {
  /** Chained work, as it was asked for and as it will be done. */
  steps: { asked: readonly unknown[]; planned: readonly PlannedStep[] };
  /** The logos that outputs are marked with. */
  logos: LogoHeaders;
  jobId: string;
  /** Id of the first task; the ones that a probe makes possible come later. */
  taskId: string;
  mediaId: string;
  owner: string;
  /** The key that submits it. */
  keyId: string | null;
  priority: Priority;
  allowPartial: boolean;
  outputSpecifications: unknown[];
  requestId: string;
  traceparent: string | undefined;
  webhookUrl: string | undefined;
  nowMs: number;
}

export interface PlannedJob {
  job: JobRow;
  tasks: TaskRow[];
  dependencies: TaskDependencyRow[];
}

/**
 * The rows of a new job. An image is one task, in the lane that its header calls for; a video starts with a probe,
 * which plans the rest when it knows what it has before it.
 *
 * @throws MediaError `too_many_pixels` and the other refusals of `planImage`.
 */
export function planJob(input: PlannedInput, resolved: ResolvedOutputs, identity: JobIdentity): PlannedJob {
  const owner = { ...identity, jobCreatedAtMs: identity.nowMs };
  if (input.kind === "image" && resolved.kind === "image") {
    const limits = { maxPixels: LIMITS.maxImagePixels, inputBytes: input.bytes, logos: identity.logos };
    const possible = identity.allowPartial
      ? possibleOutputs(input.probe, resolved.outputs, limits)
      : resolved.outputs;
    const plan = planImage(input.probe, possible, limits);
    const spec = { outputs: resolved.outputs, probe: input.probe };
    const task = newTaskRow(
      {
        id: identity.taskId,
        kind: "image",
        lane: plan.lane,
        spec,
        outputNames: namesOf(resolved.outputs),
        needs: imageNeeds(plan.estimatedPeakBytes, input.bytes),
      },
      owner,
    );
    const stepped = imageStepOutputs(input.probe, possible, limits);
    const newTaskId = () => newId("task", identity.nowMs);
    const steps = planSteps(identity.steps.planned, stepped, () => [task.id], newTaskId);
    const stages = Object.keys(STAGE_WEIGHTS.image) as StageName[];
    const pixels = input.probe.width * input.probe.height;
    return {
      job: jobRow(
        "image",
        stages,
        guess("image", pixels, resolved.outputs.length, plan.lane, imageRunMs(pixels, plan.lane)),
        plan.notes,
        identity,
      ),
      tasks: [task, ...steps.map((step) => newTaskRow(step, owner))],
      dependencies: steps.flatMap(dependencyRows),
    };
  }
  const outputs = resolved.outputs as VideoOutput[];
  const task = newTaskRow(
    {
      id: identity.taskId,
      kind: "probe",
      lane: LANE_OF_TASK.probe,
      spec: { outputs, steps: identity.steps.planned },
      outputNames: namesOf(outputs),
    },
    owner,
  );
  return {
    job: jobRow(
      "video",
      videoStages(outputs, identity.steps.planned.length > 0),
      guess("video", input.bytes, outputs.length, LANE_OF_TASK.probe, videoRunMs(input.bytes)),
      [],
      identity,
    ),
    tasks: [task],
    dependencies: [],
  };
}

/**
 * The outputs that an image allows, where others may be lost: the task that makes them finds the same obstacle, and loses
 * those alone. All of them when none is possible, so that planning says why.
 */
function possibleOutputs(
  probe: ImageProbe,
  outputs: ImageOutput[],
  limits: Parameters<typeof planImage>[2],
): ImageOutput[] {
  const possible = outputs.filter((output) => {
    try {
      planImage(probe, [output], limits);
      return true;
    } catch (error) {
      if (error instanceof MediaError && error.code === "impossible_output") return false;
      throw error;
    }
  });
  return possible.length > 0 ? possible : outputs;
}

function namesOf(outputs: readonly { name: string }[]): string[] {
  return outputs.map((output) => output.name);
}

function videoStages(outputs: readonly VideoOutput[], hasSteps: boolean): StageName[] {
  const has = (format: VideoOutput["format"]) => outputs.some((output) => output.format === format);
  const stages: StageName[] = ["analysis"];
  const streams = STREAM_FORMATS.some(has);
  if (streams || outputs.some((output) => isFileOutput(output))) stages.push("transcode");
  if (streams) stages.push("packaging");
  if (has("thumbnail") || has("storyboard") || has("preview")) stages.push("thumbnails");
  if (hasSteps) stages.push("finalization");
  return stages;
}

/** The estimate as long as nothing is known of other jobs (`estimate-job.ts`). */
function guess(kind: JobKind, size: number, outputCount: number, lane: Lane, runMs: number): JobEstimate {
  const shape = { kind, sizeBucket: sizeBucketOf(kind, size), outputCount, lane };
  return estimateJob(shape, runMs, { run: [], dispatch: [], waitPerTask: [] }, 0);
}

/** Some 6 ns a pixel through the kernels and codecs, and the cost of a hand-over to a container where there is one. */
function imageRunMs(pixels: number, lane: string): number {
  return Math.round(50 + pixels * 6e-6 + (lane === "edge" ? 0 : 500));
}

/** A first guess from size alone, refined once the probe knows the duration: 1 MB takes about a second. */
function videoRunMs(bytes: number): number {
  return Math.round(5_000 + bytes / 1000);
}

function jobRow(
  kind: JobKind,
  stages: StageName[],
  estimate: JobEstimate,
  notes: string[],
  identity: JobIdentity,
): JobRow {
  return {
    id: identity.jobId,
    owner: identity.owner,
    keyId: identity.keyId,
    mediaId: identity.mediaId,
    kind,
    status: "pending",
    priority: identity.priority,
    allowPartial: identity.allowPartial,
    // What runs in the edge lane is done in a moment: its channel is made when somebody wants to hear of it.
    hasChannel: estimate.lane !== "edge" || identity.webhookUrl !== undefined,
    run: 1,
    outputSpecifications: identity.outputSpecifications,
    stages,
    currentStage: null,
    progressPercentage: 0,
    estimatedDurationMs: estimate.expectedMs,
    estimate,
    notes,
    steps: [...identity.steps.asked],
    error: null,
    requestId: identity.requestId,
    traceparent: identity.traceparent ?? null,
    webhookUrl: identity.webhookUrl ?? null,
    contentHash: null,
    batchId: null,
    createdAt: identity.nowMs,
    startedAt: null,
    finishedAt: null,
    deadlineAt: identity.nowMs + LIMITS.jobDeadlineMs,
    historyRemovedAt: null,
  };
}
