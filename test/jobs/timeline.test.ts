import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, failure, finished, outputOf, START_MS, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
const LANE = "container-long";
const GIVE_UP = { retry: false, reason: "exhausted" } as const;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

interface Entry {
  at: string;
  event: string;
  run: number;
  task_id?: string;
  [field: string]: unknown;
}

async function read(jobId: string, headers: Record<string, string>): Promise<Entry[]> {
  const answer = await ask(`/v1/jobs/${jobId}/timeline`, { headers });
  return ((await answer.json()) as { timeline: Entry[] }).timeline;
}

/** Seconds since the start, event and task, as one line. */
function lines(entries: Entry[]): string[] {
  return entries.map(({ at, event, task_id = "" }) => {
    return `${(Date.parse(at) - START_MS) / 1000} ${event} ${task_id}`.trim();
  });
}

const secondsIn = (seconds: number) => START_MS + seconds * 1000;
const claimAt = async (seconds: number) => await claimOne(secondsIn(seconds), LANE, "slot-1");

describe("the timeline of a job", () => {
  it("tells every transition in order, through failures, a loss and a retry", async () => {
    const { job } = await submit({
      tasks: [
        { id: "tsk_a", kind: "transcode", lane: LANE, outputNames: ["a.mp4"] },
        { id: "tsk_b", kind: "package", lane: LANE, outputNames: ["b"], dependsOn: ["tsk_a"] },
      ],
    });
    const words = { ...failure(), detail: "stderr of the tool" };
    await failTask(
      DB,
      (await claimAt(1)).lease,
      words,
      { retry: true, delayMs: 1_000, counted: true },
      secondsIn(3),
      { peakMemoryBytes: 5_000_000, cpuSeconds: 1.25 },
    );
    await failTask(
      DB,
      (await claimAt(4)).lease,
      failure("system"),
      { retry: true, delayMs: 0, counted: false },
      secondsIn(5),
    );
    const third = await claimAt(6);
    await finishTask(
      DB,
      third.lease,
      finished([{ ...outputOf(third, "a.mp4"), createdAt: secondsIn(8) }]),
      secondsIn(8),
    );
    await failTask(DB, (await claimAt(9)).lease, failure("codec"), GIVE_UP, secondsIn(10));
    await retryJob(DB, job.id, secondsIn(20));
    const last = await claimAt(21);
    await finishTask(
      DB,
      last.lease,
      finished([{ ...outputOf(last, "b"), createdAt: secondsIn(23) }]),
      secondsIn(23),
    );
    const entries = await read(job.id, await keyFor("anna"));
    expect(lines(entries)).toEqual([
      "0 job.accepted",
      "0 task.ready tsk_a",
      "1 job.started",
      "1 task.claimed tsk_a",
      "3 task.failed tsk_a",
      "3 task.retried tsk_a",
      "4 task.claimed tsk_a",
      "5 task.lost tsk_a",
      "5 task.retried tsk_a",
      "6 task.claimed tsk_a",
      "8 task.finished tsk_a",
      "8 output.recorded tsk_a",
      "8 task.ready tsk_b",
      "9 task.claimed tsk_b",
      "10 task.failed tsk_b",
      "10 job.failed",
      "20 job.retried",
      "20 task.ready tsk_b",
      "21 job.started",
      "21 task.claimed tsk_b",
      "23 task.finished tsk_b",
      "23 output.recorded tsk_b",
      "23 job.completed",
    ]);
    expect(entries[4]).toMatchObject({
      attempt: 1,
      worker_id: "slot-1",
      duration: 2,
      peak_memory_bytes: 5_000_000,
      cpu_seconds: 1.25,
      error: { code: "storage_failed", class: "transient" },
    });
    expect(entries[5]).toMatchObject({ retry_at: new Date(secondsIn(4)).toISOString() });
    expect(entries.map(({ run }) => run)).toEqual([...Array(16).fill(1), ...Array(7).fill(2)]);
  });

  it("shows what the tools said to operators only, and nothing to strangers", async () => {
    const { job } = await submit({ tasks: [{ kind: "transcode", lane: LANE }] });
    const words = { ...failure("codec"), detail: "stderr of the tool" };
    await failTask(DB, (await claimAt(1)).lease, words, GIVE_UP, secondsIn(2));
    expect(JSON.stringify(await read(job.id, await keyFor("anna")))).not.toContain("stderr");
    expect(JSON.stringify(await read(job.id, await keyFor("anna", ["admin"])))).toContain(
      "stderr of the tool",
    );
    const stranger = await ask(`/v1/jobs/${job.id}/timeline`, { headers: await keyFor("ben", ["admin"]) });
    expect(stranger.status).toBe(404);
  });

  it("tells of outputs that were lost, and of work that was cancelled, running or not", async () => {
    const tasks = [
      { id: "tsk_a", kind: "transcode" as const, lane: LANE as never, outputNames: ["a.mp4"] },
      { id: "tsk_b", kind: "transcode" as const, lane: LANE as never, outputNames: ["b.mp4"] },
      {
        id: "tsk_c",
        kind: "package" as const,
        lane: LANE as never,
        outputNames: ["c"],
        dependsOn: ["tsk_a"],
      },
    ];
    const { job } = await submit({ allowPartial: true, tasks });
    const [a] = [await claimAt(1), await claimAt(1)];
    await failTask(DB, a.lease, failure("codec"), GIVE_UP, secondsIn(2));
    await endJob(DB, job.id, "processing", secondsIn(3));
    expect(lines(await read(job.id, await keyFor("anna"))).slice(-5)).toEqual([
      "1 task.claimed tsk_b",
      "2 task.failed tsk_a",
      "2 task.cancelled tsk_c",
      "3 task.cancelled tsk_b",
      "3 job.cancelled",
    ]);
  });
});
