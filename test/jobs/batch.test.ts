import { drizzle } from "drizzle-orm/d1";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../src/id.ts";
import type { BatchRow, ClaimedTask } from "../../src/jobs/claimed-task.ts";
import { acceptBatch } from "../../src/jobs/store/accept-batch.ts";
import { cancelPending, isHalted } from "../../src/jobs/store/cancel-batch.ts";
import { deleteJob, endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { readBatch } from "../../src/jobs/store/read-batches.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { cancelBatch, haltBatch, haltBatches, settleBatches } from "../../src/processing/cancel-batch.ts";
import { removeJob } from "../../src/processing/cancel-job.ts";
import { events } from "../../src/schema/webhooks.ts";
import type { Envelope } from "../../src/webhooks/event.ts";
import { envelopeBody } from "../../src/webhooks/event.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import {
  claimOne,
  failure,
  finished,
  mediaRow,
  outputOf,
  rowsOf,
  START_MS,
  submit,
} from "../fixtures/jobs.ts";
import { eventsWritten, register, withoutQueue } from "../webhooks/receiving.ts";

const DB = testEnv.DB;
const LATER_MS = START_MS + 5_000;
const NEVER = { retry: false, reason: "permanent" } as const;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

/** So many jobs of one image task each, as one batch that its owner wants to hear of. */
async function open(count: number, onItemFailure: BatchRow["onItemFailure"] = "continue"): Promise<string> {
  const batch: BatchRow = {
    id: newId("batch"),
    owner: "anna",
    onItemFailure,
    run: 1,
    webhookUrl: "https://hooks.example.com/batch",
    requestId: "req_test",
    traceparent: null,
    status: null,
    createdAt: START_MS,
    finishedAt: null,
  };
  await acceptBatch(DB, { batch, newMedia: [], jobs: [], tasks: [], dependencies: [] });
  for (let n = 0; n < count; n++) {
    const { job } = await submit();
    await DB.prepare("UPDATE jobs SET batch_id = ? WHERE id = ?").bind(batch.id, job.id).run();
  }
  return batch.id;
}

const finish = (claimed: ClaimedTask, nowMs = LATER_MS) =>
  finishTask(DB, claimed.lease, finished([outputOf(claimed)]), nowMs);
const fail = (claimed: ClaimedTask, nowMs = LATER_MS) =>
  failTask(DB, claimed.lease, failure("input"), NEVER, nowMs);

/** The database, in which something happens just before each of the first `times` transactions. */
function beforeBatch(happens: () => Promise<void>, times = 1): D1Database {
  let left = times;
  const batch: D1Database["batch"] = async (statements) => {
    if (left-- > 0) await happens();
    return await DB.batch(statements);
  };
  return new Proxy(DB, {
    get: (target, name) => {
      if (name === "batch") return batch;
      const own: unknown = Reflect.get(target, name);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

async function batchEvents(): Promise<[string, string][]> {
  const written = (await eventsWritten()).filter(({ type }) => type.startsWith("batch."));
  return written.map(({ type, snapshot }) => [type, (JSON.parse(snapshot) as { status: string }).status]);
}

describe("a batch", () => {
  it("ends with its last job, and says so once", async () => {
    const batchId = await open(4);
    const claimed = await Promise.all([1, 2, 3, 4].map(() => claimOne()));
    for (const one of claimed.slice(0, 3)) await finish(one);
    expect((await readBatch(DB, "anna", batchId))?.batch.finishedAt).toBeNull();
    const last = claimed[3];
    if (!last) throw new Error("nothing claimed");
    await Promise.all([finish(last), finish(last), finish(last)]);
    expect(await readBatch(DB, "anna", batchId)).toMatchObject({
      batch: { status: "completed", finishedAt: LATER_MS },
      counts: { total: 4, completed: 4 },
      progressPercentage: 100,
    });
    expect(await batchEvents()).toEqual([
      ["batch.progress", "processing"],
      ["batch.progress", "processing"],
      ["batch.progress", "processing"],
      ["batch.completed", "completed"],
    ]);
  });

  it("ends once when its last jobs end at the same time", async () => {
    const batchId = await open(10);
    const claimed = [];
    for (let n = 0; n < 10; n++) claimed.push(await claimOne());
    await Promise.all(claimed.map((one) => finish(one)));
    expect((await batchEvents()).filter(([type]) => type === "batch.completed")).toHaveLength(1);
    expect((await readBatch(DB, "anna", batchId))?.batch.status).toBe("completed");
  });

  it("tells of each quarter once, and of none that it leapt over", async () => {
    await open(2);
    const [one, other] = [await claimOne(), await claimOne()];
    await finish(one);
    await finish(one);
    await finish(other);
    const told = (await drizzle(DB).select().from(events)).filter(({ type }) => type === "batch.progress");
    expect(told.map(({ snapshot }) => snapshot.progress_percentage)).toEqual([50]);
    const { type, data } = JSON.parse(envelopeBody(told[0] ?? ({} as never), "https://d.test")) as Envelope;
    expect(type).toBe("batch.progress");
    expect(data.batch).toMatchObject({ counts: { total: 2, completed: 1 }, finished_at: null });
    expect(data.batch?.status_url).toBe(`https://d.test/v1/batches/${data.batch?.batch_id}`);
  });

  it.each([
    ["completed", [finish, finish], "batch.completed"],
    ["partial", [finish, fail], "batch.completed"],
    ["failed", [fail, fail], "batch.failed"],
  ])("is %s by what became of its jobs", async (status, ends, type) => {
    const batchId = await open(2);
    const claimed = [await claimOne(), await claimOne()];
    for (const [at, end] of ends.entries()) await end(claimed[at] as ClaimedTask);
    expect((await readBatch(DB, "anna", batchId))?.batch.status).toBe(status);
    expect((await batchEvents()).at(-1)).toEqual([type, status]);
  });

  it("is cancelled when all of it was, and failed when the deadline of the last job passes", async () => {
    const batchId = await open(2);
    expect(await cancelPending(DB, batchId, LATER_MS)).toHaveLength(2);
    expect((await batchEvents()).at(-1)).toEqual(["batch.failed", "cancelled"]);
    const late = await open(1);
    const [job] = await rowsOf<{ id: string }>("jobs", `batch_id = '${late}'`);
    await endJob(DB, job?.id ?? "", "pending", LATER_MS, failure("codec"));
    expect((await readBatch(DB, "anna", late))?.batch.status).toBe("failed");
  });

  it("weighs its jobs by how long they were expected to take", async () => {
    const batchId = await open(2);
    const [first] = await rowsOf<{ id: string }>("jobs");
    await DB.prepare("UPDATE jobs SET estimated_duration_ms = 300, progress_percentage = 40 WHERE id = ?")
      .bind(first?.id)
      .run();
    await DB.prepare("UPDATE jobs SET estimated_duration_ms = 100 WHERE id <> ?").bind(first?.id).run();
    expect((await readBatch(DB, "anna", batchId))?.progressPercentage).toBe(30);
  });

  it("is rolled back with its job's end when its event cannot be written", async () => {
    const batchId = await open(1);
    const claimed = await claimOne();
    await DB.exec("CREATE TRIGGER full BEFORE UPDATE ON batches BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    await expect(finish(claimed)).rejects.toThrow("disk full");
    await DB.exec("DROP TRIGGER full");
    expect((await readBatch(DB, "anna", batchId))?.counts).toMatchObject({ processing: 1 });
    await finish(claimed);
    expect((await batchEvents()).at(-1)).toEqual(["batch.completed", "completed"]);
  });

  it("is open again when a job of it is retried, and ends once more", async () => {
    const batchId = await open(2);
    const [good, bad] = [await claimOne(), await claimOne()];
    await finish(good);
    await fail(bad);
    expect((await readBatch(DB, "anna", batchId))?.batch.status).toBe("partial");
    expect(await retryJob(DB, bad.job.id, LATER_MS + 1)).toMatchObject({ retried: true });
    expect((await readBatch(DB, "anna", batchId))?.batch).toMatchObject({ status: null, finishedAt: null });
    await finish(await claimOne(LATER_MS + 2), LATER_MS + 3);
    expect((await readBatch(DB, "anna", batchId))?.batch.status).toBe("completed");
    expect((await batchEvents()).filter(([type]) => type === "batch.completed")).toEqual([
      ["batch.completed", "partial"],
      ["batch.completed", "completed"],
    ]);
  });

  it("tells of its quarters again in the run after a retry", async () => {
    await open(4);
    const claimed = await Promise.all([1, 2, 3, 4].map(() => claimOne()));
    for (const one of claimed) await fail(one);
    const told = async () => (await batchEvents()).filter(([type]) => type === "batch.progress").length;
    expect(await told()).toBe(3);
    for (const { job } of claimed) await retryJob(DB, job.id, LATER_MS + 1);
    expect(await rowsOf("batches")).toMatchObject([{ run: 2, finished_at: null }]);
    for (let n = 0; n < 3; n++) await finish(await claimOne(LATER_MS + 2), LATER_MS + 3);
    expect(await told()).toBe(6);
  });

  it("ends when a job that was retried is removed all the same", async () => {
    const batchId = await open(2);
    const [good, bad] = [await claimOne(), await claimOne()];
    await finish(good);
    await fail(bad);
    expect(await retryJob(DB, bad.job.id, LATER_MS + 1)).toMatchObject({ retried: true });
    expect(await deleteJob(DB, bad.job.id, LATER_MS + 2)).toBe(false);
    await removeJob(withoutQueue, bad.job.id);
    expect(await rowsOf("jobs", `id = '${bad.job.id}'`)).toEqual([]);
    expect((await readBatch(DB, "anna", batchId))?.batch.finishedAt).not.toBeNull();
  });

  it("is ended by the sweep when its last job is gone without having ended it, and says so once", async () => {
    const [stuck, bare, open_] = [await open(2), await open(1), await open(1)];
    await finish(await claimOne());
    await DB.prepare("DELETE FROM jobs WHERE batch_id = ? AND status = 'pending'").bind(stuck).run();
    await DB.prepare("DELETE FROM jobs WHERE batch_id = ?").bind(bare).run();
    expect(await settleBatches(withoutQueue, LATER_MS, 20)).toBe(2);
    expect(await settleBatches(withoutQueue, LATER_MS + 1, 20)).toBe(0);
    const statusOf = async (id: string) => (await readBatch(DB, "anna", id))?.batch.status;
    expect([await statusOf(stuck), await statusOf(bare), await statusOf(open_)]).toEqual([
      ...["completed", "cancelled", null],
    ]);
    const ends = (await batchEvents()).filter(([type]) => type !== "batch.progress");
    expect(ends).toEqual(
      expect.arrayContaining([
        ["batch.completed", "completed"],
        ["batch.failed", "cancelled"],
      ]),
    );
    expect(ends).toHaveLength(2);
  });

  it("of which nothing could be cancelled any more does not say that it was", async () => {
    const batchId = await open(1);
    const claimedMeanwhile = beforeBatch(async () => void (await claimOne()));
    const env = { ...withoutQueue, DB: claimedMeanwhile };
    await expect(cancelBatch(env, "anna", batchId, false)).rejects.toMatchObject({ code: "conflict" });
    expect((await readBatch(DB, "anna", batchId))?.counts).toMatchObject({ processing: 1, cancelled: 0 });
  });

  it("keeps a job that is retried again and again while it is removed, and lets it go afterwards", async () => {
    const batchId = await open(1);
    const bad = await claimOne();
    await fail(bad);
    let nowMs = LATER_MS;
    let looks = 0;
    // It is pending when it is to be deleted, and has failed once more when it is to be ended.
    const restless = beforeBatch(async () => {
      const at = looks++ % 3;
      if (at === 0) await retryJob(DB, bad.job.id, ++nowMs);
      if (at === 1) await fail(await claimOne(++nowMs), ++nowMs);
    }, Number.POSITIVE_INFINITY);
    await expect(removeJob({ ...withoutQueue, DB: restless }, bad.job.id)).rejects.toMatchObject({
      code: "conflict",
    });
    expect(looks).toBe(9);
    await removeJob(withoutQueue, bad.job.id);
    expect(await rowsOf("jobs")).toEqual([]);
    expect((await readBatch(DB, "anna", batchId))?.batch.finishedAt).not.toBeNull();
  });

  it("of another owner is not there", async () => {
    expect(await readBatch(DB, "bert", await open(1))).toBeUndefined();
  });
});

describe("fail_fast", () => {
  it("cancels what has not started, with an event for each, and lets run what runs", async () => {
    await register({ events: ["job.cancelled"] });
    const batchId = await open(5, "fail_fast");
    const [bad, running] = [await claimOne(), await claimOne()];
    await fail(bad);
    await haltBatch(withoutQueue, batchId, LATER_MS);
    expect((await readBatch(DB, "anna", batchId))?.counts).toEqual({
      ...{ total: 5, pending: 0, processing: 1, completed: 0, failed: 1, cancelled: 3 },
    });
    expect((await eventsWritten()).filter(({ type }) => type === "job.cancelled")).toHaveLength(3);
    expect(await rowsOf("tasks", "state = 'ready'")).toEqual([]);
    await finish(running);
    expect((await readBatch(DB, "anna", batchId))?.batch.status).toBe("failed");
    expect((await batchEvents()).at(-1)).toEqual(["batch.failed", "failed"]);
  });

  it("is done by the sweep where a crash came between the failure and its consequence", async () => {
    const batchId = await open(3, "fail_fast");
    await fail(await claimOne());
    expect(await haltBatches(withoutQueue, LATER_MS, 20)).toBe(1);
    expect(await haltBatches(withoutQueue, LATER_MS, 20)).toBe(0);
    expect((await readBatch(DB, "anna", batchId))?.batch.status).toBe("failed");
  });

  it("leaves alone a job that was retried after the failure", async () => {
    const batchId = await open(2, "fail_fast");
    const [first, second] = [await claimOne(), await claimOne()];
    await fail(first);
    await fail(second);
    expect(await retryJob(DB, first.job.id, LATER_MS + 10)).toMatchObject({ retried: true });
    expect(await haltBatches(withoutQueue, LATER_MS + 20, 20)).toBe(0);
    await haltBatch(withoutQueue, batchId, LATER_MS + 20);
    expect((await readBatch(DB, "anna", batchId))?.counts).toMatchObject({ pending: 1, failed: 1 });
  });

  it("does nothing while no job has failed, and nothing in a batch that continues", async () => {
    const careful = await open(2, "fail_fast");
    await haltBatch(withoutQueue, careful, LATER_MS);
    expect((await readBatch(DB, "anna", careful))?.counts.pending).toBe(2);
    await emptyStorage();
    const lenient = await open(2);
    await fail(await claimOne());
    expect(await cancelPending(DB, lenient, LATER_MS, isHalted(lenient))).toEqual([]);
    expect(await haltBatches(withoutQueue, LATER_MS, 20)).toBe(0);
  });
});

it("a batch is written whole or not at all", async () => {
  const batch: BatchRow = {
    ...{
      id: newId("batch"),
      owner: "anna",
      onItemFailure: "continue",
      run: 1,
      webhookUrl: null,
      requestId: "r",
    },
    ...{ traceparent: null, status: null, createdAt: START_MS, finishedAt: null },
  };
  const { job, tasks } = await submit();
  const gone = { ...job, id: newId("job"), mediaId: mediaRow(newId("media")).id, batchId: batch.id };
  const there = { ...job, id: newId("job"), batchId: batch.id };
  expect(
    await acceptBatch(DB, { batch, newMedia: [], jobs: [there, gone], tasks, dependencies: [] }),
  ).toBeUndefined();
  expect(await rowsOf("batches")).toEqual([]);
  expect(await rowsOf("jobs")).toHaveLength(1);
  expect(
    await acceptBatch(DB, { batch, newMedia: [], jobs: [there], tasks: [], dependencies: [] }),
  ).toBeDefined();
  expect(
    await acceptBatch(DB, { batch, newMedia: [], jobs: [there], tasks: [], dependencies: [] }),
  ).toBeDefined();
  expect(await rowsOf("jobs")).toHaveLength(2);
});
