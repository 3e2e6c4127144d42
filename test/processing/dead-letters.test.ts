import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { sweep } from "../../src/retention/sweep.ts";
import type { FailureRecord } from "../../src/schema/failures.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
/** A lane that nobody works on here: tickets for it find no slot. */
const TASK = { kind: "transcode", lane: "container-long" } as const;

let key: { Authorization: string };
let admin: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
  admin = await keyFor("anna", ["admin"]);
});
beforeEach(emptyStorage);

const CODEC = {
  code: "encoder_failed",
  class: "codec",
  message: "The encoder stopped.",
  detail: "stderr: [x264] boom",
};
const INPUT = { code: "corrupt_input", class: "input", message: "The media is damaged." };

/** A job that failed twice, the second time for good. */
async function failedJob(failure: FailureRecord = CODEC, nowMs = START_MS): Promise<string> {
  const { job } = await submit({ createdAtMs: nowMs, tasks: [TASK] });
  const first = await claimOne(nowMs, "container-long", "slot-1");
  await failTask(DB, first.lease, failure, { retry: true, delayMs: 0, counted: true }, nowMs + 1_000, {
    peakMemoryBytes: 64_000_000,
  });
  const second = await claimOne(nowMs + 1_000, "container-long", "slot-1");
  await failTask(DB, second.lease, failure, { retry: false, reason: "exhausted" }, nowMs + 3_000);
  return job.id;
}

const get = async (path: string, headers = key) => await ask(path, { headers });
const send = async (method: string, path: string, body?: unknown, headers = key) =>
  await ask(path, {
    method,
    headers: { ...headers, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

interface Letters {
  dead_letters: { job_id: string }[];
  next_cursor: string | null;
}

async function listed(query: string): Promise<string[]> {
  const page = (await (await get(`/v1/dead-letters${query}`)).json()) as Letters;
  return page.dead_letters.map((letter) => letter.job_id);
}

describe("a dead letter", () => {
  it("tells what was asked for, all that failed, why, and what to do", async () => {
    const jobId = await failedJob();
    const letter = await (await get(`/v1/dead-letters/${jobId}`)).json();
    expect(letter).toMatchObject({
      job_id: jobId,
      output_specifications: [{ preset: "thumbnail" }],
      class: "codec",
      code: "encoder_failed",
      error: { message: "The encoder stopped.", retry_eligible: true },
      run: 1,
      resolution: null,
      diagnostics: {
        suggested_cause: expect.stringContaining("encoder"),
        next_step: expect.stringContaining("Try again"),
        retry_may_help: true,
        attempts_by_code: { encoder_failed: 2 },
        workers: ["slot-1"],
      },
      history: [
        { attempt: 2, kind: "transcode", worker_id: "slot-1", duration: 2, peak_memory_bytes: null },
        { attempt: 1, duration: 1, peak_memory_bytes: 64_000_000, error: { code: "encoder_failed" } },
      ],
    });
    expect(JSON.stringify(letter)).not.toContain("x264");
    const private_ = await (await get(`/v1/dead-letters/${jobId}`, admin)).json();
    expect(private_).toMatchObject({ error: { detail: "stderr: [x264] boom" } });
  });

  it("is its owner's only", async () => {
    const jobId = await failedJob();
    const ben = await keyFor("ben", ["admin"]);
    for (const path of [`/v1/dead-letters/${jobId}`, "/v1/dead-letters/job_none"])
      expect((await get(path, ben)).status).toBe(404);
    expect((await send("PATCH", `/v1/dead-letters/${jobId}`, { notes: "mine" }, ben)).status).toBe(404);
    expect((await send("POST", `/v1/dead-letters/${jobId}/requeue`, undefined, ben)).status).toBe(404);
    expect(await (await get("/v1/dead-letters", ben)).json()).toEqual({
      dead_letters: [],
      next_cursor: null,
    });
    expect(await (await send("POST", "/v1/dead-letters/requeue", {}, ben)).json()).toMatchObject({
      requeued: [],
    });
  });

  it("is found by class, code, age and resolution, page by page", async () => {
    const old = await failedJob(CODEC, START_MS);
    const input = await failedJob(INPUT, START_MS + 60_000);
    const young = await failedJob(CODEC, Date.now());
    expect(await listed("")).toEqual([young, input, old]);
    expect(await listed("?class=codec")).toEqual([young, old]);
    expect(await listed("?code=corrupt_input")).toEqual([input]);
    expect(await listed("?older_than=3600")).toEqual([input, old]);
    const after = new Date(START_MS + 30_000).toISOString();
    expect(await listed(`?failed_after=${after}&class=input`)).toEqual([input]);
    expect(await listed(`?failed_before=${after}`)).toEqual([old]);
    await send("PATCH", `/v1/dead-letters/${old}`, { resolution: "fixed" });
    expect(await listed("?resolution=open")).toEqual([young, input]);
    expect(await listed("?resolution=fixed")).toEqual([old]);
    const first = await get("/v1/dead-letters?limit=2");
    expect(first.headers.get("Link")).toMatch(/cursor=job_.*rel="next"/);
    const { next_cursor } = (await first.json()) as Letters;
    expect(await listed(`?limit=2&cursor=${next_cursor}`)).toEqual([old]);
    expect((await get("/v1/dead-letters?class=bad%20luck")).status).toBe(422);
    expect((await get("/v1/dead-letters?surprise=1")).status).toBe(422);
  });

  it("takes notes and a resolution, and can be opened again", async () => {
    const jobId = await failedJob();
    const path = `/v1/dead-letters/${jobId}`;
    expect(
      await (await send("PATCH", path, { notes: "bad master", resolution: "cancelled" })).json(),
    ).toMatchObject({
      notes: "bad master",
      resolution: "cancelled",
      resolved_at: expect.any(String),
    });
    expect(await (await send("PATCH", path, { resolution: null })).json()).toMatchObject({
      notes: "bad master",
      resolution: null,
      resolved_at: null,
    });
    expect((await send("PATCH", path, { resolution: "whatever" })).status).toBe(422);
    expect((await send("PATCH", path, { job_id: "x" })).status).toBe(422);
    expect((await send("PATCH", path, {})).status).toBe(422);
    expect((await send("PATCH", path, { notes: "x" }, await keyFor("anna", ["read"]))).status).toBe(403);
  });

  it("survives its job, closed, and cannot be requeued then", async () => {
    const jobId = await failedJob();
    expect((await send("DELETE", `/v1/jobs/${jobId}`)).status).toBe(200);
    expect(await (await get(`/v1/dead-letters/${jobId}`)).json()).toMatchObject({ resolution: "cancelled" });
    expect((await send("POST", `/v1/dead-letters/${jobId}/requeue`)).status).toBe(409);
  });

  it("stays while it is open, and 90 days after it was resolved", async () => {
    await failedJob();
    const resolved = await failedJob();
    await DB.prepare("UPDATE dead_letters SET resolution = 'fixed', resolved_at = ? WHERE job_id = ?")
      .bind(START_MS, resolved)
      .run();
    expect(await sweep(testEnv, START_MS + LIMITS.deadLetterKeptMs)).toMatchObject({ lettersForgotten: 0 });
    expect(await sweep(testEnv, START_MS + LIMITS.deadLetterKeptMs + 1)).toMatchObject({
      lettersForgotten: 1,
    });
    expect(await rowsOf("dead_letters")).toHaveLength(1);
  });
});

describe("requeueing", () => {
  it("begins another run of the job, once", async () => {
    const jobId = await failedJob();
    const path = `/v1/dead-letters/${jobId}/requeue`;
    const first = await send("POST", path);
    expect([first.status, await first.json()]).toEqual([202, { job_id: jobId, status: "pending", run: 2 }]);
    expect((await send("POST", path)).status).toBe(409);
    expect(await (await get(`/v1/dead-letters/${jobId}`)).json()).toMatchObject({
      resolution: "reprocessed",
    });
    expect(await (await get(`/v1/jobs/${jobId}`)).json()).toMatchObject({
      status: "pending",
      run: 2,
      error: null,
    });
  });

  it("of many takes those that match and are open, as many as asked for", async () => {
    const codec = [await failedJob(), await failedJob(), await failedJob()];
    const input = await failedJob(INPUT);
    const body = { class: "codec", limit: 2 };
    const first = await send("POST", "/v1/dead-letters/requeue", body);
    expect(first.status).toBe(202);
    expect(await first.json()).toMatchObject({
      requeued: [{ job_id: codec[2] }, { job_id: codec[1] }],
      remaining: 1,
    });
    expect(await (await send("POST", "/v1/dead-letters/requeue", body)).json()).toMatchObject({
      requeued: [{ job_id: codec[0] }],
      refused: [],
      remaining: 0,
    });
    expect(await rowsOf("jobs", "status = 'failed'")).toMatchObject([{ id: input }]);
    expect((await send("POST", "/v1/dead-letters/requeue", { limit: 51 })).status).toBe(422);
  });

  it("of many says which it could not take, and goes on with the others", async () => {
    const [gone, there] = [await failedJob(), await failedJob()];
    await DB.prepare(
      "UPDATE media SET status = 'deleted' WHERE id = (SELECT media_id FROM jobs WHERE id = ?)",
    )
      .bind(gone)
      .run();
    expect(await (await send("POST", "/v1/dead-letters/requeue", { job_ids: [gone, there] })).json()).toEqual(
      {
        requeued: [{ job_id: there, status: "pending", run: 2 }],
        refused: [{ job_id: gone, reason: expect.any(String) }],
        remaining: 0,
      },
    );
  });
});
