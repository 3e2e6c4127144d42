import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { rankOf } from "../../src/jobs/priority.ts";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claim, claimOne, failure, finished, outputOf, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
const GIVE_UP = { retry: false, reason: "exhausted" } as const;
const LATER_MS = START_MS + 60_000;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

/** A job that allows partial results, of a file and of a stream made by two chunks and a package. */
async function submitStream(allowPartial = true) {
  const chunk = { kind: "transcode" } as const;
  return await submit({
    kind: "video",
    allowPartial,
    tasks: [
      { id: "tsk_file", outputNames: ["clip.mp4"] },
      { id: "tsk_chunk_1", ...chunk },
      { id: "tsk_chunk_2", ...chunk },
      { id: "tsk_package", outputNames: ["stream"], dependsOn: ["tsk_chunk_1", "tsk_chunk_2"] },
    ],
  });
}

async function states(): Promise<Record<string, string>> {
  const rows = await rowsOf<{ id: string; state: string }>("tasks");
  return Object.fromEntries(rows.map(({ id, state }) => [id, state]));
}

describe("a job that allows partial results", () => {
  it("loses what hung on a task that failed, and completes with the rest", async () => {
    const { job } = await submitStream();
    const [file, bad, running] = [
      await claimOne(),
      await claimOne(),
      await claimOne(START_MS, "edge", "slot-2"),
    ];
    const lost = await failTask(DB, bad.lease, failure("codec"), GIVE_UP, START_MS + 100);
    expect(lost).toMatchObject({
      applied: "given_up",
      jobEnded: undefined,
      givenUp: ["tsk_chunk_1", "tsk_package", "tsk_chunk_2"],
      cancelled: [{ taskId: "tsk_chunk_2", attempt: 1, workerId: "slot-2" }],
      outputsFailed: [{ name: "stream", failure: failure("codec") }],
    });
    expect(await finishTask(DB, running.lease, finished(), START_MS + 150)).toEqual({ accepted: false });
    const done = finished([outputOf(file, "clip.mp4")], { allowPartial: true });
    expect(await finishTask(DB, file.lease, done, START_MS + 200)).toMatchObject({ jobCompleted: true });
    expect(await rowsOf("jobs", `id = '${job.id}'`)).toMatchObject([
      { status: "completed", error: null, progress_percentage: 100 },
    ]);
    expect(await rowsOf("output_failures")).toMatchObject([{ name: "stream", task_id: "tsk_package" }]);
    expect(await rowsOf("dead_letters")).toEqual([]);
  });

  it("completes with the failure of its last task, when something was made", async () => {
    await submitStream();
    const file = await claimOne();
    await finishTask(
      DB,
      file.lease,
      finished([outputOf(file, "clip.mp4")], { allowPartial: true }),
      START_MS,
    );
    const outcome = await failTask(DB, (await claimOne()).lease, failure("codec"), GIVE_UP, START_MS + 1);
    expect(outcome).toMatchObject({ applied: "given_up", jobEnded: "completed" });
  });

  it("fails when nothing was made, with a dead letter", async () => {
    const { job } = await submitStream();
    const first = await failTask(DB, (await claimOne()).lease, failure("codec"), GIVE_UP, START_MS + 1);
    expect(first).toMatchObject({ jobEnded: undefined });
    const last = await failTask(DB, (await claimOne()).lease, failure("resource"), GIVE_UP, START_MS + 2);
    expect(last).toMatchObject({ jobEnded: "failed" });
    expect(await rowsOf("output_failures", "1 ORDER BY name")).toMatchObject([
      { name: "clip.mp4", failure: JSON.stringify(failure("codec")) },
      { name: "stream", failure: JSON.stringify(failure("resource")) },
    ]);
    expect(await rowsOf("dead_letters")).toMatchObject([
      { job_id: job.id, class: "resource", code: "storage_failed", resolution: null, run: 1 },
    ]);
  });

  it("that is overdue completes with what it has by then", async () => {
    const { job } = await submitStream();
    const file = await claimOne();
    await finishTask(
      DB,
      file.lease,
      finished([outputOf(file, "clip.mp4")], { allowPartial: true }),
      START_MS,
    );
    expect(await endJob(DB, job.id, "processing", LATER_MS, failure("codec"))).toMatchObject({
      ended: true,
      status: "completed",
    });
    expect(await rowsOf("output_failures")).toMatchObject([{ name: "stream" }]);
  });
});

describe("a retry", () => {
  it("goes on from the last finished task, with fresh budgets and rising attempts", async () => {
    const { job } = await submitStream(false);
    const [file, bad] = [await claimOne(), await claimOne()];
    await finishTask(DB, file.lease, finished([outputOf(file, "clip.mp4")]), START_MS);
    await failTask(DB, bad.lease, failure(), { retry: true, delayMs: 0, counted: true }, START_MS);
    await failTask(DB, (await claimOne()).lease, failure("codec"), GIVE_UP, START_MS + 10);
    expect(await rowsOf("jobs")).toMatchObject([{ status: "failed" }]);
    const retry = await retryJob(DB, job.id, LATER_MS);
    expect(retry).toEqual({ retried: true, run: 2, readyLanes: ["edge", "edge"] });
    expect(await states()).toEqual({
      tsk_file: "done",
      tsk_chunk_1: "ready",
      tsk_chunk_2: "ready",
      tsk_package: "blocked",
    });
    expect(await rowsOf("jobs")).toMatchObject([
      {
        status: "pending",
        run: 2,
        error: null,
        started_at: null,
        deadline_at: LATER_MS + LIMITS.jobDeadlineMs,
      },
    ]);
    expect(await rowsOf("job_runs")).toMatchObject([
      { number: 1, status: "failed", error: JSON.stringify(failure("codec")), finished_at: START_MS + 10 },
    ]);
    expect(await rowsOf("outputs")).toMatchObject([{ name: "clip.mp4" }]);
    expect(await rowsOf("dead_letters")).toMatchObject([
      { resolution: "reprocessed", resolved_at: LATER_MS },
    ]);
    const again = [await claimOne(LATER_MS), await claimOne(LATER_MS)];
    expect(again.find(({ task }) => task.id === "tsk_chunk_1")).toMatchObject({
      lease: { attempt: 2 },
      task: { countedFailures: 0, systemFailures: 0, rank: rankOf(LATER_MS, "normal") },
    });
  });

  it("twice at once is one, and refused for a job that runs, completed or was cancelled", async () => {
    const { job } = await submit();
    expect(await retryJob(DB, job.id, LATER_MS)).toEqual({ retried: false });
    await failTask(DB, (await claimOne()).lease, failure("input"), GIVE_UP, START_MS);
    const both = await Promise.all([retryJob(DB, job.id, LATER_MS), retryJob(DB, job.id, LATER_MS)]);
    expect(both.filter(({ retried }) => retried)).toHaveLength(1);
    const claimed = await claimOne(LATER_MS);
    expect(await retryJob(DB, job.id, LATER_MS)).toEqual({ retried: false });
    await finishTask(DB, claimed.lease, finished([outputOf(claimed)]), LATER_MS);
    expect(await retryJob(DB, job.id, LATER_MS)).toEqual({ retried: false });
    const cancelled = await submit();
    await endJob(DB, cancelled.job.id, "pending", LATER_MS);
    expect(await retryJob(DB, cancelled.job.id, LATER_MS)).toEqual({ retried: false });
    expect(await retryJob(DB, "job_none", LATER_MS)).toEqual({ retried: false });
  });

  it("of a job whose original was deleted is refused", async () => {
    const { job } = await submit();
    await failTask(DB, (await claimOne()).lease, failure("input"), GIVE_UP, START_MS);
    await DB.prepare("UPDATE media SET status = 'deleted'").run();
    expect(await retryJob(DB, job.id, LATER_MS)).toEqual({ retried: false });
  });

  it("of a partly failed job leaves what was made, and makes what is missing", async () => {
    const { job } = await submitStream();
    const [file, bad] = [await claimOne(), await claimOne()];
    await failTask(DB, bad.lease, failure("codec"), GIVE_UP, START_MS);
    await finishTask(
      DB,
      file.lease,
      finished([outputOf(file, "clip.mp4")], { allowPartial: true }),
      START_MS,
    );
    await retryJob(DB, job.id, LATER_MS);
    for (const name of [undefined, undefined, "stream"]) {
      const claimed = await claimOne(LATER_MS);
      const made = name ? [outputOf(claimed, name)] : [];
      await finishTask(DB, claimed.lease, finished(made, { allowPartial: true }), LATER_MS);
    }
    expect(await rowsOf("jobs")).toMatchObject([{ status: "completed", run: 2 }]);
    expect(await rowsOf("outputs", "1 ORDER BY name")).toMatchObject([
      { name: "clip.mp4" },
      { name: "stream" },
    ]);
    expect(await rowsOf("output_failures")).toEqual([]);
  });

  it("does not let what failed long ago overtake what was accepted since", async () => {
    const old = await submit();
    await failTask(DB, (await claimOne()).lease, failure("input"), GIVE_UP, START_MS);
    const since = await submit({ createdAtMs: START_MS + 1_000 });
    await retryJob(DB, old.job.id, LATER_MS);
    expect((await claimOne(LATER_MS)).job.id).toBe(since.job.id);
    expect((await claimOne(LATER_MS)).job.id).toBe(old.job.id);
  });

  it("may fail again: the dead letter is open again, and both runs are on record", async () => {
    const { job } = await submit();
    for (const nowMs of [START_MS, LATER_MS]) {
      await failTask(DB, (await claimOne(nowMs)).lease, failure("input"), GIVE_UP, nowMs);
      if (nowMs === START_MS) await retryJob(DB, job.id, LATER_MS);
    }
    expect(await rowsOf("dead_letters")).toMatchObject([{ resolution: null, run: 2, failed_at: LATER_MS }]);
    const [letter] = await rowsOf<{ history: string }>("dead_letters");
    expect(JSON.parse(letter?.history ?? "")).toMatchObject([{ number: 2 }, { number: 1 }]);
    expect((await claim(LATER_MS)).claimed).toBeUndefined();
  });
});

describe("media whose examination ends with its job", () => {
  const probe = [{ kind: "probe" as const }];
  const media = { kind: "video" as const, status: "processing" as const };

  it("is rejected when the probe proves it bad, and examined again by a retry", async () => {
    const { job } = await submit({ kind: "video", tasks: probe, media });
    await failTask(DB, (await claimOne()).lease, failure("input"), GIVE_UP, START_MS);
    const [row] = await rowsOf<{ status: string; metadata: string }>("media");
    expect(row?.status).toBe("rejected");
    expect(JSON.parse(row?.metadata ?? "")).toEqual({ rejection: { ...failure("input") } });
    await retryJob(DB, job.id, LATER_MS);
    expect(await rowsOf("media")).toMatchObject([{ status: "processing" }]);
  });

  it("is incoming again when the probe was lost or cancelled, unless another job still examines it", async () => {
    const first = await submit({ kind: "video", tasks: probe, media });
    const second = await submit({ kind: "video", tasks: probe });
    await DB.prepare("UPDATE jobs SET media_id = ?").bind(first.job.mediaId).run();
    const of = `id = '${first.job.mediaId}'`;
    await failTask(DB, (await claimOne()).lease, failure("system"), GIVE_UP, START_MS);
    expect(await rowsOf("media", of)).toMatchObject([{ status: "processing" }]);
    await endJob(DB, second.job.id, "pending", START_MS);
    expect(await rowsOf("media", of)).toMatchObject([{ status: "incoming" }]);
  });
});
