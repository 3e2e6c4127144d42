import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { attemptPrefix } from "../../src/jobs/claimed-task.ts";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { sweep } from "../../src/retention/sweep.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { claimOne, failure, finished, outputOf, rowsOf, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
const LANE = "container-long";
const TASK = { kind: "transcode", lane: LANE } as const;

let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

async function remove(jobId: string, query = "", headers = key): Promise<[number, string]> {
  const answer = await ask(`/v1/jobs/${jobId}${query}`, { method: "DELETE", headers });
  const body = (await answer.json()) as { status: number | string };
  return [answer.status, String(body.status)];
}

/** A job of which one task is done and the other runs; its files lie in R2. */
async function halfDone() {
  const nowMs = Date.now();
  const { job } = await submit({ createdAtMs: nowMs, tasks: [TASK, TASK] });
  const [done, running] = [await claimOne(nowMs, LANE), await claimOne(nowMs, LANE)];
  for (const each of [done, running]) await testEnv.MEDIA.put(`${attemptPrefix(each.lease)}a.mp4`, "a");
  await finishTask(DB, done.lease, finished([outputOf(done, "a.mp4")]), nowMs);
  return { jobId: job.id, running };
}

describe("deleting a job", () => {
  it("cancels one that is pending, and removes it the second time", async () => {
    const { job } = await submit({ createdAtMs: Date.now(), tasks: [TASK] });
    expect(await remove(job.id)).toEqual([200, "cancelled"]);
    expect(await remove(job.id)).toEqual([200, "deleted"]);
    expect(await remove(job.id)).toEqual([404, "404"]);
  });

  it("refuses to stop one that is processing, unless it is forced: then nothing of it is left", async () => {
    const { jobId, running } = await halfDone();
    expect(await remove(jobId)).toEqual([409, "409"]);
    expect(await remove(jobId, "?force=false")).toEqual([409, "409"]);
    expect(await storedKeys("outputs/")).toHaveLength(2);
    expect(await remove(jobId, "?force=true")).toEqual([202, "cancelled"]);
    expect(await finishTask(DB, running.lease, finished([outputOf(running)]), Date.now())).toEqual({
      accepted: false,
    });
    expect([await storedKeys("outputs/"), await rowsOf("outputs")]).toEqual([[], []]);
    const { outputs, status } = (await (await ask(`/v1/jobs/${jobId}`, { headers: key })).json()) as {
      outputs: unknown[];
      status: string;
    };
    expect([status, outputs]).toEqual(["cancelled", []]);
  });

  it("leaves nothing behind when it stops half-way: the sweep removes what was done and what was not", async () => {
    const { jobId } = await halfDone();
    await endJob(DB, jobId, "processing", Date.now());
    expect(await storedKeys("outputs/")).toHaveLength(2);
    expect(await sweep(testEnv, Date.now() + 30_000)).toMatchObject({ attemptsSwept: 2 });
    expect(await storedKeys("outputs/")).toEqual([]);
  });

  it("discards also what earlier runs made, when it waits for another", async () => {
    const { jobId, running } = await halfDone();
    await failTask(DB, running.lease, failure("codec"), { retry: false, reason: "exhausted" }, Date.now());
    await retryJob(DB, jobId, Date.now());
    expect(await remove(jobId)).toEqual([200, "cancelled"]);
    expect([await storedKeys("outputs/"), await rowsOf("outputs")]).toEqual([[], []]);
  });

  it("of a video that was not yet examined leaves its media incoming, for another job to examine", async () => {
    const media = { kind: "video", status: "processing" } as const;
    const { job } = await submit({
      kind: "video",
      createdAtMs: Date.now(),
      tasks: [{ ...TASK, kind: "probe" }],
      media,
    });
    expect(await remove(job.id)).toEqual([200, "cancelled"]);
    const shown = async () =>
      (await (await ask(`/v1/media/${job.mediaId}`, { headers: key })).json()) as object;
    expect(await shown()).toMatchObject({ status: "incoming" });
    const again = await ask("/v1/jobs", {
      method: "POST",
      headers: { ...key, "Content-Type": "application/json" },
      body: JSON.stringify({ media_id: job.mediaId, output_specifications: [{ format: "mp4" }] }),
    });
    expect(again.status).toBe(201);
    expect(await shown()).toMatchObject({ status: "processing" });
  });

  it("is its owner's to do, with a key that may write", async () => {
    const { job } = await submit({ createdAtMs: Date.now(), tasks: [TASK] });
    expect((await remove(job.id, "", await keyFor("ben")))[0]).toBe(404);
    expect((await remove(job.id, "", await keyFor("anna", ["read"])))[0]).toBe(403);
    expect((await remove(job.id, "?force=perhaps"))[0]).toBe(422);
  });
});
