import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProgressEvent, ProgressSnapshot } from "../../src/progress/event.ts";
import { reduce } from "../../src/progress/reduce.ts";
import { snapshotOf } from "../../src/progress/snapshot.ts";
import type { ProgressState } from "../../src/progress/state.ts";
import {
  arrival,
  history,
  imageAccepted,
  jobEnded,
  plannedTasks,
  progressed,
  started,
  stuttering,
  taskEnded,
  videoAccepted,
} from "./history.ts";

const NOW = 10_000;

function replay(events: ProgressEvent[], from: ProgressState | null = null): ProgressState | null {
  return events.reduce((state, event) => reduce(state, event).state, from);
}

function shown(events: ProgressEvent[]): ProgressSnapshot {
  const state = replay(events);
  if (!state) throw new Error("nothing was accepted");
  return snapshotOf(state, NOW);
}

describe("an image job", () => {
  it("walks through its stages, and naming one completes those before it", () => {
    const halfway = shown([
      imageAccepted,
      started("image"),
      progressed("image", 1, 0.5, { stage: "resize_operations" }),
    ]);
    expect(halfway).toMatchObject({
      status: "processing",
      progress_percentage: 5 + 10 + 20,
      current_stage: "resize_operations",
      stage_percentage: 50,
      worker_id: "worker-1",
    });
    expect(halfway.stages.map((stage) => stage.percentage)).toEqual([100, 100, 50, 0, 0, 0]);
    expect(halfway.tasks[0]).toMatchObject({ stage: "resize_operations", state: "leased" });
  });

  it("shows 100 only when the job is completed, not when its work is", () => {
    const worked = [imageAccepted, started("image"), taskEnded("image")];
    expect(shown(worked)).toMatchObject({ progress_percentage: 99.9, status: "processing" });
    expect(shown([...worked, jobEnded("completed")])).toMatchObject({
      progress_percentage: 100,
      status: "completed",
      current_stage: null,
      stage_percentage: 100,
      worker_id: null,
    });
    expect(shown([...worked, jobEnded("failed")]).progress_percentage).toBe(99.9);
  });
});

describe("a video job", () => {
  const probed = [videoAccepted, started("probe"), taskEnded("probe")];
  const planned: ProgressEvent = { type: "planned", tasks: plannedTasks, atMs: 4_500 };

  it("weighs chunks by their share and scales the stages it has to 100", () => {
    const scale = 100 / (5 + 65 + 10 + 5);
    const snapshot = shown([...probed, planned, started("chunk-1"), progressed("chunk-1", 1, 0.5)]);
    expect(snapshot.stage_percentage).toBe(37.5);
    expect(snapshot.progress_percentage).toBeCloseTo((5 + 65 * 0.375) * scale, 0);
  });

  it("reports the earliest unfinished stage of parallel work", () => {
    const snapshot = shown([
      ...probed,
      planned,
      started("chunk-1"),
      started("thumbnail"),
      taskEnded("thumbnail"),
    ]);
    expect(snapshot.current_stage).toBe("transcode");
    expect(snapshot.stages.at(-1)).toEqual({ stage: "thumbnails", percentage: 100 });
  });

  it("does not move back when more tasks are planned for a stage", () => {
    const outline = plannedTasks[0];
    if (!outline) throw new Error("no outline");
    const before = [...probed, planned, started("chunk-1"), taskEnded("chunk-1")];
    const more: ProgressEvent = {
      type: "planned",
      tasks: [{ ...outline, taskId: "chunk-9", weight: 100 }],
      atMs: 5_000,
    };
    expect(shown([...before, more]).progress_percentage).toBe(shown(before).progress_percentage);
    expect(shown([...before, more]).current_stage).toBe("transcode");
  });

  it("keeps showing what was shown when a task is retried, until that is passed", () => {
    const lost = [
      ...probed,
      planned,
      started("chunk-1"),
      progressed("chunk-1", 7, 0.8),
      taskEnded("chunk-1", "ready"),
    ];
    const before = shown(lost);
    const again = [...lost, started("chunk-1", 2), progressed("chunk-1", 1, 0.3, { attempt: 2 })];
    expect(shown(again)).toMatchObject({
      progress_percentage: before.progress_percentage,
      stage_percentage: before.stage_percentage,
    });
    const passed = shown([...again, progressed("chunk-1", 2, 0.9, { attempt: 2 })]);
    expect(passed.progress_percentage).toBeGreaterThan(before.progress_percentage);
  });

  it("passes over a stage for which nothing was planned", () => {
    const thumbnailOnly: ProgressEvent = { type: "planned", tasks: plannedTasks.slice(3), atMs: 4_500 };
    const snapshot = shown([...probed, thumbnailOnly, started("thumbnail"), progressed("thumbnail", 1, 0.5)]);
    expect(snapshot.current_stage).toBe("thumbnails");
    expect(snapshot.stages.map((stage) => stage.percentage)).toEqual([100, 100, 100, 50]);
  });

  it("shows the details of the current stage only", () => {
    const details = { fps: 48, speed: 1.6, current_operation: "encoding 720p" };
    const report: ProgressEvent = {
      type: "task_progress",
      taskId: "chunk-1",
      attempt: 1,
      sequence: 1,
      fraction: 0.1,
      details,
      atMs: 3_000,
    };
    const running = [...probed, planned, started("chunk-1"), report];
    expect(shown(running).stage_details).toEqual({ ...details, processed_items: 0, total_items: 2 });
    const second = [...running, taskEnded("chunk-1"), started("chunk-2")];
    expect(shown(second).stage_details).toMatchObject({ processed_items: 1, total_items: 2 });
    expect(shown([...running, taskEnded("chunk-1"), taskEnded("chunk-2")])).toMatchObject({
      current_stage: "packaging",
      stage_details: {},
    });
  });
});

describe("what is used", () => {
  const usage = { memory_bytes: 100, cpu_percent: 90, temp_bytes: 7 };
  const planned: ProgressEvent = { type: "planned", tasks: plannedTasks, atMs: 4_500 };
  const beat = (taskId: string, attempt = 1): ProgressEvent => {
    return { type: "heartbeat", taskId, attempt, usage, atMs: 5_000 };
  };
  const two = [videoAccepted, planned, started("chunk-1"), started("chunk-2")];

  it("is the sum over the attempts that run", () => {
    const both = [...two, beat("chunk-1"), beat("chunk-2")];
    expect(shown(both).resource_usage).toEqual({ memory_bytes: 200, cpu_percent: 180 });
    expect(shown([...both, taskEnded("chunk-2")]).resource_usage).toEqual({
      memory_bytes: 100,
      cpu_percent: 90,
    });
    const again = [...both, taskEnded("chunk-1", "ready"), started("chunk-1", 2), beat("chunk-1")];
    expect(shown(again).resource_usage).toEqual({ memory_bytes: 100, cpu_percent: 90 });
  });

  it("is not known before anything was measured, or after the end", () => {
    expect(shown(two).resource_usage).toBeNull();
    expect(shown([...two, beat("chunk-1"), jobEnded("failed")]).resource_usage).toBeNull();
  });
});

describe("reports that come late, twice or not at all", () => {
  it.each<[string, ProgressEvent[]]>([
    ["a duplicate", [progressed("image", 5, 0.5)]],
    ["a lower sequence number", [progressed("image", 4, 0.9)]],
    ["a backward fraction", [progressed("image", 6, 0.4)]],
    ["a fraction that is no number", [progressed("image", 6, Number.NaN)]],
    ["an unknown task", [progressed("other", 1, 0.5)]],
    ["a stage that the job does not have", [progressed("image", 6, 0.9, { stage: "transcode" })]],
    ["an older attempt", [started("image", 2), progressed("image", 6, 0.9)]],
    ["an attempt that ended", [taskEnded("image", "ready"), progressed("image", 6, 0.9)]],
    ["a start heard again", [started("image")]],
    ["a start after the attempt ended", [taskEnded("image", "ready"), started("image")]],
    ["a second acceptance", [imageAccepted]],
    ["anything after the end", [jobEnded("failed"), progressed("image", 6, 0.9)]],
  ])("drops and counts %s", (_, events) => {
    const before = [imageAccepted, started("image"), progressed("image", 5, 0.5), ...events.slice(0, -1)];
    const after = replay([...before, ...events.slice(-1)]);
    expect(after?.dropped).toBe(1);
    expect(shown([...before, ...events.slice(-1)])).toEqual(shown(before));
  });

  it("goes on when the start of an attempt was lost", () => {
    const snapshot = shown([imageAccepted, progressed("image", 3, 0.5, { stage: "resize_operations" })]);
    expect(snapshot).toMatchObject({ status: "processing", progress_percentage: 35 });
  });

  it("has no state before the job was accepted", () => {
    expect(replay([started("image"), jobEnded("completed")])).toBeNull();
  });
});

describe("an explicit retry", () => {
  const failed = [imageAccepted, started("image"), progressed("image", 1, 1), jobEnded("failed", 9_000)];
  const again = { ...imageAccepted, atMs: 12_000 };

  it("starts a new run of progress", () => {
    expect(shown([...failed, again])).toMatchObject({ status: "pending", progress_percentage: 0 });
  });

  it("is not mistaken for the first acceptance heard twice", () => {
    expect(shown([...failed, imageAccepted])).toMatchObject({ status: "failed" });
  });

  it("is not disturbed by what is late from the run before", () => {
    const late = [progressed("image", 9, 1), taskEnded("image"), jobEnded("failed", 9_000)];
    expect(shown([...failed, again, ...late])).toMatchObject({ status: "pending", progress_percentage: 0 });
  });

  it("goes on from the tasks that are done", () => {
    const tasks = plannedTasks.map((task) =>
      task.taskId === "chunk-1" ? { ...task, state: "done" as const } : task,
    );
    const retried = shown([videoAccepted, jobEnded("failed"), { ...videoAccepted, tasks, atMs: 12_000 }]);
    expect(retried.stages).toContainEqual({ stage: "transcode", percentage: 75 });
  });
});

describe("seconds left", () => {
  it("are unknown at first, then a range that holds the pace so far", () => {
    const begun = [imageAccepted, started("image", 1, 2_000)];
    expect(shown(begun).estimated_remaining).toBeNull();
    const quarter = shown([...begun, progressed("image", 1, 0.25, { stage: "resize_operations" })]);
    // 25 % in 8 s leaves 24 s.
    expect(quarter.estimated_remaining?.low).toBeLessThan(24);
    expect(quarter.estimated_remaining?.high).toBeGreaterThan(24);
    expect(shown([...begun, jobEnded("failed")]).estimated_remaining).toBeNull();
  });

  it("are what was expected until there is a pace, and then less and less of it", () => {
    const expected = { lowMs: 20_000, highMs: 60_000 };
    const accepted = { ...imageAccepted, expected };
    const at = (events: ProgressEvent[], nowMs: number) => {
      const state = replay(events);
      return state && snapshotOf(state, nowMs).estimated_remaining;
    };
    expect(at([accepted], 1_000)).toEqual({ low: 20, high: 60 });
    const begun = [accepted, started("image", 1, 2_000)];
    expect(at(begun, 11_000)).toEqual({ low: 10, high: 50 });
    // Over its time and nothing done: what was expected is all there is to go by.
    expect(at(begun, 100_000)).toEqual({ low: 0, high: 60 });
    const half = [...begun, progressed("image", 1, 0.9, { stage: "resize_operations" })];
    expect(at(half, 10_000)).toEqual(at([imageAccepted, ...half.slice(1)], 10_000));
  });

  it("are a range, never below nothing, whatever is expected and done", () => {
    const ms = fc.nat({ max: 1_000_000 });
    const stage = fc.constantFrom(...imageAccepted.stages);
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(ms, ms, ms, stage, fraction, (a, b, passedMs, at, share) => {
        const expected = { lowMs: Math.min(a, b), highMs: Math.max(a, b) };
        const state = replay([
          { ...imageAccepted, expected },
          started("image", 1, 2_000),
          progressed("image", 1, share, { stage: at }),
        ]);
        const left = state && snapshotOf(state, 2_000 + passedMs).estimated_remaining;
        if (!left) throw new Error("there is something to go by");
        expect(left.low).toBeGreaterThanOrEqual(0);
        expect(left.high).toBeGreaterThanOrEqual(left.low);
      }),
    );
  });
});

describe("whatever arrives", () => {
  it("never moves back, never passes 100, and is 100 exactly when the job completed", () => {
    fc.assert(
      fc.property(arrival, (events) => {
        let state: ProgressState | null = null;
        let before = 0;
        for (const event of events) {
          const reduced = reduce(state, event);
          if (!reduced.changed && state && reduced.state) {
            expect(snapshotOf(reduced.state, NOW)).toEqual(snapshotOf(state, NOW));
          }
          state = reduced.state;
          if (!state) continue;
          const { progress_percentage, status, stage_percentage } = snapshotOf(state, NOW);
          expect(progress_percentage).toBeGreaterThanOrEqual(before);
          expect(progress_percentage === 100).toBe(status === "completed");
          expect(progress_percentage).toBeLessThanOrEqual(100);
          expect(stage_percentage).toBeGreaterThanOrEqual(0);
          expect(stage_percentage).toBeLessThanOrEqual(100);
          before = progress_percentage;
        }
      }),
      { numRuns: 300 },
    );
  });

  it("ends where it would have ended when every event comes several times", () => {
    fc.assert(
      fc.property(stuttering, ([events, times]) => {
        const repeated = events.flatMap((event, i) =>
          Array.from({ length: 1 + (times[i] ?? 0) }, () => event),
        );
        expect(shown([...repeated, ...events])).toEqual(shown(events));
      }),
      { numRuns: 100 },
    );
  });

  it("counts every event that changed nothing, and only those", () => {
    fc.assert(
      fc.property(history, (events) => {
        const twice = replay([...events, ...events]);
        const once = replay(events);
        expect((twice?.dropped ?? 0) - (once?.dropped ?? 0)).toBe(events.length);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a job that goes on without some outputs", () => {
  const outputs = [{ name: "stream", code: "encoder_failed", message: "The encoder stopped." }];
  const lost: ProgressEvent = {
    type: "outputs_failed",
    outputs,
    taskIds: ["chunk-1", "chunk-2", "package"],
    atMs: 5_000,
  };
  const running = [
    videoAccepted,
    started("probe"),
    { type: "planned" as const, tasks: plannedTasks, atMs: 2_500 },
    taskEnded("probe"),
    started("chunk-1"),
    progressed("chunk-1", 1, 0.5),
    taskEnded("chunk-1", "failed"),
  ];

  it("names them, and is not held back by the tasks that were for them only", () => {
    const before = shown(running);
    const after = shown([...running, lost]);
    expect(after.outputs_failed).toEqual(outputs);
    expect(after.progress_percentage).toBeGreaterThan(before.progress_percentage);
    expect(after).toMatchObject({ status: "processing", current_stage: "thumbnails" });
    expect(after.tasks.map(({ state }) => state)).toEqual([
      "done",
      "failed",
      "cancelled",
      "cancelled",
      "ready",
    ]);
    const twice = shown([...running, lost, lost, progressed("chunk-2", 1, 0.9)]);
    expect(twice.outputs_failed).toEqual(outputs);
    expect(twice.progress_percentage).toBe(after.progress_percentage);
  });

  it("completes without having done them", () => {
    const end = shown([
      ...running,
      lost,
      started("thumbnail"),
      taskEnded("thumbnail"),
      jobEnded("completed"),
    ]);
    expect(end).toMatchObject({ status: "completed", progress_percentage: 100, outputs_failed: outputs });
    expect(end.tasks.map(({ state }) => state)).toEqual(["done", "failed", "cancelled", "cancelled", "done"]);
  });

  it("begins its next run where it stands, even when its end was never heard", () => {
    const tasks = plannedTasks.map((task) => ({ ...task, attempt: 1 }));
    const probe = { ...videoAccepted.tasks[0], state: "done", attempt: 1 } as never;
    const again = { ...videoAccepted, run: 2, tasks: [probe, ...tasks], atMs: 6_000 };
    const second = shown([...running, lost, again]);
    expect(second).toMatchObject({
      run: 2,
      status: "pending",
      outputs_failed: [],
      current_stage: "transcode",
    });
    const late = shown([...running, lost, again, progressed("chunk-1", 9, 0.9), { ...again, run: 1 }]);
    expect(late.progress_percentage).toBe(second.progress_percentage);
  });
});
