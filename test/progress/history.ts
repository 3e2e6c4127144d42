/** What the workers of a job report, in the order in which it happens; the tests shuffle it. */
import fc from "fast-check";
import type { ProgressEvent, TaskOutline } from "../../src/progress/event.ts";
import type { StageName } from "../../src/progress/stages.ts";

export const IMAGE_STAGES: StageName[] = [
  "validation",
  "preprocessing",
  "resize_operations",
  "format_conversion",
  "optimization",
  "finalization",
];

type Accepted = Extract<ProgressEvent, { type: "accepted" }>;

export const imageAccepted: Accepted = {
  type: "accepted",
  jobId: "job_1",
  stages: IMAGE_STAGES,
  tasks: [{ taskId: "image", kind: "image", stage: "validation", weight: 1 }],
  atMs: 1_000,
};

export const videoAccepted: Accepted = {
  type: "accepted",
  jobId: "job_1",
  stages: ["analysis", "transcode", "packaging", "thumbnails"],
  tasks: [{ taskId: "probe", kind: "probe", stage: "analysis", weight: 1 }],
  atMs: 1_000,
};

export const plannedTasks: TaskOutline[] = [
  { taskId: "chunk-1", kind: "stream", stage: "transcode", weight: 6 },
  { taskId: "chunk-2", kind: "stream", stage: "transcode", weight: 2 },
  { taskId: "package", kind: "package", stage: "packaging", weight: 1, state: "blocked" },
  { taskId: "thumbnail", kind: "thumbnail", stage: "thumbnails", weight: 1 },
];

export function started(taskId: string, attempt = 1, atMs = 2_000): ProgressEvent {
  const leaseToken = `lease-${taskId}-${attempt}`;
  return { type: "task_started", taskId, attempt, leaseToken, workerId: `worker-${attempt}`, atMs };
}

export function progressed(
  taskId: string,
  sequence: number,
  fraction: number,
  more: { attempt?: number; stage?: StageName; atMs?: number } = {},
): ProgressEvent {
  return { type: "task_progress", taskId, attempt: 1, sequence, fraction, atMs: 3_000, ...more };
}

export function taskEnded(
  taskId: string,
  state: "done" | "failed" | "ready" | "cancelled" = "done",
  attempt = 1,
): ProgressEvent {
  return { type: "task_ended", taskId, attempt, state, atMs: 4_000 };
}

export function jobEnded(status: "completed" | "failed" | "cancelled", atMs = 9_000): ProgressEvent {
  return { type: "job_ended", status, atMs };
}

/** Each task with one or two attempts, as they come when nothing goes wrong on the way. */
const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
const runOfTask = (taskId: string, stages?: StageName[]) =>
  fc.record({ lost: fc.boolean(), first: fractions, second: fractions }).map(({ lost, first, second }) => {
    const reports = (attempt: number, values: number[]) =>
      values
        .sort((a, b) => a - b)
        .map((fraction, index) => {
          const stage = stages?.[Math.min(index, stages.length - 1)];
          return progressed(taskId, index + 1, fraction, { attempt, ...(stage && { stage }) });
        });
    const last = lost ? 2 : 1;
    return [
      started(taskId),
      ...reports(1, first),
      ...(lost ? [taskEnded(taskId, "ready"), started(taskId, 2), ...reports(2, second)] : []),
      taskEnded(taskId, "done", last),
    ];
  });

const imageHistory = runOfTask("image", IMAGE_STAGES).map((run) => [imageAccepted, ...run]);
const videoHistory = fc
  .tuple(
    runOfTask("probe"),
    runOfTask("chunk-1"),
    runOfTask("chunk-2"),
    runOfTask("package"),
    runOfTask("thumbnail"),
  )
  .map(([probe, ...rest]): ProgressEvent[] => {
    const planned: ProgressEvent = { type: "planned", tasks: plannedTasks, atMs: 4_500 };
    return [videoAccepted, ...probe, planned, ...rest.flat()];
  });

/** A whole job, in order. */
export const history = fc
  .tuple(fc.oneof(imageHistory, videoHistory), fc.constantFrom("completed", "failed", "cancelled"))
  .map(([events, status]) => [...events, jobEnded(status as "completed" | "failed" | "cancelled")]);

/** The same job as it may arrive: some events lost, some twice, in any order; mostly after its acceptance. */
export const arrival = history.chain((events) =>
  fc
    .tuple(fc.nat({ max: 3 }), fc.array(fc.constantFrom(...events), { maxLength: events.length * 2 }))
    .map(([early, shuffled]) => (early === 0 ? shuffled : [...events.slice(0, 1), ...shuffled])),
);

/** In order, but with each event up to three times, together or again later. */
export const stuttering = history.chain((events) =>
  fc.tuple(
    fc.constant(events),
    fc.array(fc.nat({ max: 3 }), { minLength: events.length, maxLength: events.length }),
  ),
);
