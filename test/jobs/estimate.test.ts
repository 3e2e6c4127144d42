import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  estimateJob,
  type JobShape,
  movingAverage,
  quantile,
  sizeBucketOf,
} from "../../src/jobs/estimate.ts";
import { countTasksAhead, readDurations } from "../../src/jobs/store/durations.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import type { Priority } from "../../src/schema/jobs.ts";
import { withEstimate } from "../../src/submission/estimate-job.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, failure, finished, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

const SHAPE: JobShape = { kind: "image", sizeBucket: 4, outputCount: 1, lane: "edge" };
const NOTHING = { run: [], dispatch: [], waitPerTask: [] };

const durations = fc.array(fc.nat({ max: 100_000 }), { maxLength: 32 });
const histories = fc.record({ run: durations, dispatch: durations, waitPerTask: durations });
const formula = fc.integer({ min: 1, max: 100_000 });
const depth = fc.nat({ max: 100_000 });

describe("an estimate", () => {
  it("is a range around itself, and never shorter for more tasks ahead", () => {
    fc.assert(
      fc.property(histories, formula, depth, depth, (history, formulaMs, a, b) => {
        const [fewer, more] = [Math.min(a, b), Math.max(a, b)].map((ahead) =>
          estimateJob(SHAPE, formulaMs, history, ahead),
        );
        if (!fewer || !more) throw new Error("two estimates");
        for (const { lowMs, expectedMs, highMs } of [fewer, more]) {
          expect(lowMs).toBeGreaterThanOrEqual(0);
          expect(lowMs).toBeLessThanOrEqual(expectedMs);
          expect(highMs).toBeGreaterThanOrEqual(expectedMs);
        }
        expect(more.expectedMs).toBeGreaterThanOrEqual(fewer.expectedMs);
        expect(more.lowMs).toBeGreaterThanOrEqual(fewer.lowMs);
        expect(more.highMs).toBeGreaterThanOrEqual(fewer.highMs);
      }),
    );
  });

  it("is never shorter when every job like it took longer", () => {
    fc.assert(
      fc.property(histories, formula, fc.integer({ min: 1, max: 10_000 }), (history, formulaMs, longer) => {
        const slower = { ...history, run: history.run.map((ms) => ms + longer) };
        const [before, after] = [history, slower].map((each) => estimateJob(SHAPE, formulaMs, each, 0));
        expect(after?.expectedMs).toBeGreaterThanOrEqual(before?.expectedMs ?? 0);
        expect(after?.highMs).toBeGreaterThanOrEqual(before?.highMs ?? 0);
      }),
    );
  });

  it("is by formula until there are jobs to go by, and closes in on them", () => {
    const cold = estimateJob(SHAPE, 1_000, NOTHING, 0);
    expect(cold).toMatchObject({ basis: "formula", samples: 0, runMs: 1_000, lowMs: 550, highMs: 2_640 });
    const width = (jobs: number) => {
      const run = Array.from({ length: jobs }, () => 400);
      const { highMs, lowMs } = estimateJob(SHAPE, 1_000, { ...NOTHING, run }, 0);
      return highMs - lowMs;
    };
    const widths = [0, 1, 4, 16, 32].map(width);
    expect(widths).toEqual(widths.toSorted((a, b) => b - a));
    const run = Array.from({ length: 32 }, () => 400);
    const known = estimateJob(SHAPE, 1_000, { ...NOTHING, run, dispatch: run.map(() => 20) }, 0);
    expect(known).toMatchObject({ basis: "history", samples: 32 });
    expect(known.runMs).toBeLessThan(460);
  });

  it("leans towards what happened lately, and its end to the slow ones", () => {
    const rising = [...Array.from({ length: 16 }, () => 100), ...Array.from({ length: 16 }, () => 1_000)];
    expect(movingAverage(rising)).toBeGreaterThan(950);
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 100], 0.9)).toBe(100);
    expect([quantile([], 0.9), movingAverage([])]).toEqual([undefined, 0]);
  });

  it("compares what is about as large", () => {
    expect(["image", "video"].map((kind) => sizeBucketOf(kind as JobShape["kind"], 0))).toEqual([0, 0]);
    expect(sizeBucketOf("image", 4_000 * 3_000)).toBe(sizeBucketOf("image", 3_900 * 2_900));
    expect(sizeBucketOf("video", 64 * 2 ** 20)).toBe(8);
  });
});

describe("the history that it is made from", () => {
  beforeAll(prepareDatabase);
  beforeEach(async () => {
    await emptyStorage();
    await testEnv.DB.prepare("DELETE FROM duration_history").run();
  });

  const estimate = estimateJob(SHAPE, 200, NOTHING, 0);

  it("is written with the end of a job, once, whatever is repeated", async () => {
    await submit({ estimate });
    const { lease } = await claimOne(START_MS + 30);
    for (let times = 0; times < 2; times++) {
      await finishTask(testEnv.DB, lease, finished(), START_MS + 530 + times);
    }
    expect(await readDurations(testEnv.DB, SHAPE)).toEqual({ run: [500], dispatch: [30], waitPerTask: [] });
  });

  it("keeps the last 32, and those of other shapes apart", async () => {
    for (let n = 1; n <= 40; n++) {
      await submit({ estimate: { ...estimate, tasksAhead: 10 } });
      const { lease } = await claimOne(START_MS + 100);
      await finishTask(testEnv.DB, lease, finished(), START_MS + 100 + n);
    }
    const { run, waitPerTask, dispatch } = await readDurations(testEnv.DB, SHAPE);
    expect(run).toEqual(Array.from({ length: 32 }, (_, i) => i + 9));
    expect([waitPerTask.length, waitPerTask[0], dispatch]).toEqual([32, 10, []]);
    expect((await readDurations(testEnv.DB, { ...SHAPE, outputCount: 2 })).run).toEqual([]);
    expect((await readDurations(testEnv.DB, { ...SHAPE, sizeBucket: 5 })).run).toEqual([]);
    expect(await rowsOf("duration_history", "kind = 'image'")).toMatchObject([{ samples: 40 }]);
  });

  it("learns nothing from what failed, is not done, or nobody estimated", async () => {
    await submit({ estimate });
    const lost = await claimOne();
    await failTask(testEnv.DB, lost.lease, failure("input"), { retry: false, reason: "permanent" }, START_MS);
    await submit({ estimate, tasks: [{}, {}] });
    await finishTask(testEnv.DB, (await claimOne()).lease, finished(), START_MS + 5);
    await emptyStorage();
    await submit();
    await finishTask(testEnv.DB, (await claimOne()).lease, finished(), START_MS + 5);
    expect(await rowsOf("duration_history")).toEqual([]);
  });

  it("counts who is ahead by priority, and who runs", async () => {
    const priorities = ["urgent", "high", "normal", "low", "low"] as const;
    for (const priority of priorities) await submit({ priority });
    await submit({ tasks: [{ lane: "io", kind: "package" }] });
    expect(await countTasksAhead(testEnv.DB, START_MS + 1)).toEqual({
      urgent: { edge: 1, io: 0 },
      high: { edge: 2, io: 0 },
      normal: { edge: 3, io: 1 },
      low: { edge: 5, io: 1 },
    });
    await claimOne(START_MS);
    expect((await countTasksAhead(testEnv.DB, START_MS + 1)).urgent).toEqual({ edge: 1, io: 0 });
  });

  it("makes the estimate of the next job, which waits longer the more is before it", async () => {
    for (let n = 0; n < 8; n++) {
      await submit({ estimate });
      const { lease } = await claimOne(START_MS + 30);
      await finishTask(testEnv.DB, lease, finished(), START_MS + 530);
    }
    const { job, tasks } = await submit({ estimate, createdAtMs: START_MS });
    await testEnv.DB.prepare("DELETE FROM tasks").run();
    const idle = await withEstimate(testEnv.DB, { job, tasks }, START_MS + 10_000);
    expect(idle.job.estimate).toMatchObject({ basis: "history", samples: 8, tasksAhead: 0 });
    expect(idle.job.estimatedDurationMs).toBe(idle.job.estimate?.expectedMs);
    for (let n = 0; n < 20; n++) await submit();
    const busy = await withEstimate(testEnv.DB, { job, tasks }, START_MS + 11_000);
    expect(busy.job.estimate).toMatchObject({ tasksAhead: 20 });
    expect(busy.job.estimatedDurationMs).toBeGreaterThan(idle.job.estimatedDurationMs + 900);
  });

  it("knows those that were accepted since it looked, until they should be done, and who goes first", async () => {
    const LATER_MS = START_MS + 60_000;
    const { job, tasks } = await submit({ estimate, createdAtMs: LATER_MS });
    await testEnv.DB.prepare("DELETE FROM tasks").run();
    const aheadAt = async (atMs: number, priority: Priority = "normal") => {
      const { job: estimated } = await withEstimate(testEnv.DB, { job: { ...job, priority }, tasks }, atMs);
      return estimated.estimate?.tasksAhead;
    };
    expect([await aheadAt(LATER_MS), await aheadAt(LATER_MS + 1), await aheadAt(LATER_MS + 2)]).toEqual([
      0, 1, 2,
    ]);
    expect([await aheadAt(LATER_MS + 3, "urgent"), await aheadAt(LATER_MS + 4, "low")]).toEqual([0, 4]);
    expect(await aheadAt(LATER_MS + 999)).toBeLessThan(5);
    expect(await aheadAt(LATER_MS + 1_000)).toBe(0);
  });

  it("may be out of reach: then the job is accepted with the formula's", async () => {
    const { job, tasks } = await submit({ estimate });
    const away = {
      prepare() {
        throw new Error("D1 is away");
      },
    } as unknown as D1Database;
    expect(await withEstimate(away, { job, tasks }, START_MS)).toEqual({ job, tasks });
  });
});
