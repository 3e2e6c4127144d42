import type { TaskKind } from "../schema/tasks.ts";

/** Weights by kind of job: a job's own stages are scaled so that they sum to 100. */
export const STAGE_WEIGHTS = {
  image: {
    validation: 5,
    preprocessing: 10,
    resize_operations: 40,
    format_conversion: 35,
    optimization: 8,
    finalization: 2,
  },
  video: { analysis: 5, audio: 15, transcode: 65, packaging: 10, thumbnails: 5 },
} as const;

/** Stages that a job of any kind may have, before its own. */
const COMMON_WEIGHTS = { fetching: 10 } as const;

export type JobKind = keyof typeof STAGE_WEIGHTS;
export type StageName = keyof typeof COMMON_WEIGHTS | OwnStage;
type OwnStage = { [K in JobKind]: keyof (typeof STAGE_WEIGHTS)[K] }[JobKind];

/** The stage in which a task counts, or starts counting. */
export const STAGE_OF_TASK = {
  fetch: "fetching",
  probe: "analysis",
  image: "validation",
  transcode: "transcode",
  stream: "transcode",
  chunk: "transcode",
  audio: "audio",
  thumbnail: "thumbnails",
  storyboard: "thumbnails",
  preview: "thumbnails",
  sound: "audio",
  waveform: "audio",
  subtitles: "packaging",
  analysis: "analysis",
  package: "packaging",
  stitch: "packaging",
  // What is done with finished outputs is the last thing of any job.
  watermark: "finalization",
  ship: "finalization",
} as const satisfies Record<TaskKind, StageName>;

const WEIGHT_OF_STAGE: Record<StageName, number> = {
  ...COMMON_WEIGHTS,
  ...STAGE_WEIGHTS.image,
  ...STAGE_WEIGHTS.video,
};

/** Every stage of any job. */
export const ALL_STAGES = Object.keys(WEIGHT_OF_STAGE) as [StageName, ...StageName[]];

/** Whether a string out of D1 names a stage. */
export function isStageName(value: string): value is StageName {
  return Object.hasOwn(WEIGHT_OF_STAGE, value);
}

/** What each of a job's own stages counts, percent; they sum to 100. */
export function scaledWeights(stages: readonly StageName[]): number[] {
  const total = stages.reduce((sum, stage) => sum + WEIGHT_OF_STAGE[stage], 0);
  return stages.map((stage) => (WEIGHT_OF_STAGE[stage] / total) * 100);
}
