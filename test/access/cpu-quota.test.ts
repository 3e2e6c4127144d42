import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { cpuSecondsToday, cpuWaitSeconds } from "../../src/access/budget.ts";
import { callerOfKey } from "../../src/access/caller.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { createSlot } from "../../src/processing/slot.ts";
import { sweep } from "../../src/retention/sweep.ts";
import type { TaskEvent } from "../../src/video/protocol.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { claimOne, failure, finished, outputOf, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { eventStream, openTranscoder } from "../processing/transcoder-stand-in.ts";
import { file, outputs, problemOf, send, sendJson } from "../submission/sending.ts";
import { sourceOf } from "../video/sources.ts";

const DB = testEnv.DB;
const DAY_MS = 86_400_000;
const TASK = { kind: "transcode", lane: "container-long" } as const;
const FILE = {
  format: "mp4",
  name: "a.mp4",
  allowEnlarge: false,
  crf: 23,
  audioKbps: 128,
  encoderPreset: "fast",
};
const PROBE = { kind: "probe", lane: "container-short", spec: { outputs: [FILE], steps: [] } } as const;
const ADMIN = { Authorization: `Bearer ${testEnv.BOOTSTRAP_ADMIN_KEY}` };

beforeAll(prepareDatabase);
beforeEach(emptyStorage);
afterEach(() => void vi.useRealTimers());

/** A key with so many CPU seconds a day, its id, and what an operator reads of its use today. */
async function limitedKey(cpuSecondsPerDay: number | null = 10) {
  const headers = await keyFor("anna", ["read", "write"], { cpuSecondsPerDay });
  const caller = await callerOfKey(testEnv, headers.Authorization.slice("Bearer ".length));
  const id = caller?.keyId ?? "";
  const used = async () => {
    const answer = await ask(`/v1/keys/${id}`, { headers: ADMIN });
    return ((await answer.json()) as { used_today: { cpu_seconds: number } }).used_today.cpu_seconds;
  };
  return { headers, id, used };
}

/** A moment of today at which nothing is a day old. */
function atNoon(): number {
  const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
  vi.useFakeTimers({ toFake: ["Date"], now: noon });
  return noon;
}

/** Runs the probe of a job in a slot whose transcoder says this. */
async function runInSlot(events: readonly TaskEvent[]): Promise<void> {
  const running: Promise<unknown>[] = [];
  const { fetchTranscoder } = openTranscoder(async ({ kind }) =>
    kind === "probe" ? eventStream(events) : new Response("full", { status: 503 }),
  );
  const waitUntil = (work: Promise<unknown>) => running.push(work);
  const slot = createSlot({ env: testEnv, name: "slot-1", size: "standard", fetchTranscoder, waitUntil });
  await slot.offer("container-short");
  for (let at = 0; at < running.length; at++) await running[at];
}

describe("what a job used of a processor", () => {
  it("is in its timeline and counted for its key, as the transcoder told it", async () => {
    const noon = atNoon();
    const key = await limitedKey();
    const { job } = await submit({ kind: "video", createdAtMs: noon, keyId: key.id, tasks: [PROBE] });
    const result = { kind: "probe", source: sourceOf({}) } as const;
    await runInSlot([
      { type: "heartbeat", cpuSeconds: 0.5 },
      { type: "done", result, cpuSeconds: 1.25 },
    ]);
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "done", cpu_seconds: 1.25 }]);
    const timeline = await (await ask(`/v1/jobs/${job.id}/timeline`, { headers: key.headers })).json();
    const { timeline: entries } = timeline as { timeline: { event: string; cpu_seconds?: number }[] };
    expect(entries.flatMap(({ cpu_seconds }) => cpu_seconds ?? [])).toEqual([1.25]);
    expect(await key.used()).toBe(1.25);
  });

  it("counts for every attempt once: failed, finished twice, stopped with its last words, or taken back", async () => {
    const noon = atNoon();
    const key = await limitedKey();
    await submit({ kind: "video", createdAtMs: noon, keyId: key.id, tasks: [PROBE] });
    await runInSlot([
      { type: "heartbeat", cpuSeconds: 2 },
      { type: "error", code: "corrupt_input", message: "It is damaged." },
    ]);
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "failed", cpu_seconds: 2 }]);
    await submit({ createdAtMs: noon, keyId: key.id, tasks: [TASK] });
    const usage = { cpuSeconds: 1, keyId: key.id };
    const lost = await claimOne(noon, "container-long");
    await sweep(testEnv, noon + 60_000);
    const again = { retry: true, delayMs: 0, counted: true } as const;
    expect(await failTask(DB, lost.lease, failure(), again, noon, usage)).toEqual({ applied: "stale" });
    expect(await key.used()).toBe(3);
    await DB.prepare("UPDATE tasks SET available_at = 0").run();
    const good = await claimOne(noon, "container-long");
    for (let times = 0; times < 2; times++) {
      await finishTask(DB, good.lease, finished([outputOf(good)], { usage }), noon);
    }
    expect(await key.used()).toBe(4);
    expect(await rowsOf("attempts", "outcome = 'lost'")).toMatchObject([{ cpu_seconds: 1 }]);
  });

  it("counts when the job was cancelled, and when it was removed before the attempt had ended", async () => {
    const noon = atNoon();
    const key = await limitedKey();
    const { job } = await submit({ createdAtMs: noon, keyId: key.id, tasks: [TASK] });
    const { lease } = await claimOne(noon, "container-long");
    const remove = (force: string) =>
      ask(`/v1/jobs/${job.id}${force}`, { method: "DELETE", headers: key.headers });
    expect((await remove("?force=true")).status).toBe(202);
    expect((await remove("")).status).toBe(200);
    expect(await rowsOf("attempts")).toEqual([]);
    const never = { retry: false, reason: "permanent" } as const;
    await failTask(DB, lease, failure("input"), never, noon, { cpuSeconds: 4, keyId: key.id });
    expect(await key.used()).toBe(4);
  });

  it("is nothing that anybody could tell at the edge: nothing is counted", async () => {
    const key = await limitedKey();
    const jpeg = await fileOf(photo(32, 32), "jpeg");
    const accepted = await send(key.headers, [file(jpeg), outputs([{ preset: "thumbnail" }])]);
    const { job_id } = (await accepted.json()) as { job_id: string };
    expect(await whenEnded(job_id, key.headers)).toMatchObject({ status: "completed" });
    expect(await rowsOf("jobs")).toMatchObject([{ key_id: key.id }]);
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "done", cpu_seconds: null }]);
    expect(await key.used()).toBe(0);
  });
});

describe("a daily quota of CPU seconds", () => {
  it("is kept by the day, and what was used is known when it was", () => {
    const noon = START_MS + DAY_MS / 2;
    const day = START_MS / DAY_MS;
    expect(cpuWaitSeconds(10, { day, seconds: 9.9 }, noon)).toBe(0);
    expect(cpuWaitSeconds(10, { day, seconds: 10 }, noon)).toBe(43_200);
    expect(cpuWaitSeconds(10, { day, seconds: 10 }, noon + DAY_MS)).toBe(0);
    expect(cpuSecondsToday({ day, seconds: 10 }, noon + DAY_MS)).toBe(0);
  });

  it("that is used up refuses jobs until midnight, of its own key alone, and nothing is stored", async () => {
    const noon = atNoon();
    const key = await limitedKey(10);
    const other = await keyFor("anna");
    const jpeg = await fileOf(photo(32, 32), "jpeg");
    const stored = await send(other, [file(jpeg), outputs([{ preset: "medium" }])]);
    const { media_id } = (await stored.json()) as { media_id: string };
    await submit({ createdAtMs: noon, keyId: key.id, tasks: [TASK] });
    const { lease } = await claimOne(noon, "container-long");
    const usage = { cpuSeconds: 10.5, keyId: key.id };
    await finishTask(DB, lease, finished([], { usage }), noon);
    const again = { media_id, output_specifications: [{ preset: "small" }] };
    const refused = await sendJson(key.headers, again);
    expect(refused.headers.get("Retry-After")).toBe("43200");
    await problemOf(refused, 429, "quota_exceeded");
    const batch = await ask("/v1/batches", {
      method: "POST",
      headers: { ...key.headers, "Content-Type": "application/json" },
      body: JSON.stringify({ items: [again] }),
    });
    await problemOf(batch, 429, "quota_exceeded");
    expect(await rowsOf("jobs")).toHaveLength(2);
    expect((await sendJson(other, again)).status).toBe(201);
    vi.setSystemTime(noon + DAY_MS / 2);
    expect(await key.used()).toBe(0);
    const next = { ...again, output_specifications: [{ preset: "thumbnail" }] };
    expect((await sendJson(key.headers, next)).status).toBe(201);
  });

  it("is set and read by operators, and its use by nobody else", async () => {
    const body = { owner: "studio", name: "kit", scopes: ["write"], daily_quota: { cpu_seconds: 60 } };
    const headers = { ...ADMIN, "Content-Type": "application/json" };
    const made = await ask("/v1/keys", { method: "POST", headers, body: JSON.stringify(body) });
    const quota = { daily_quota: { jobs: null, bytes: null, cpu_seconds: 60 } };
    const key = (await made.json()) as { id: string; key: string };
    expect([made.status, key]).toMatchObject([201, quota]);
    const read = await (await ask(`/v1/keys/${key.id}`, { headers: ADMIN })).json();
    expect(read).toMatchObject({ ...quota, used_today: { jobs: null, bytes: null, cpu_seconds: 0 } });
    expect(JSON.stringify(read)).not.toContain(key.key);
    const own = { Authorization: `Bearer ${key.key}` };
    await problemOf(await ask(`/v1/keys/${key.id}`, { headers: own }), 403, "forbidden");
    await problemOf(await ask("/v1/keys/key_none", { headers: ADMIN }), 404, "not_found");
  });

  it("of jobs shows how many of them were submitted today", async () => {
    atNoon();
    const headers = await keyFor("anna", ["read", "write"], { jobsPerDay: 5 });
    const jpeg = await fileOf(photo(32, 32), "jpeg");
    await send(headers, [file(jpeg), outputs([{ preset: "thumbnail" }])]);
    const caller = await callerOfKey(testEnv, headers.Authorization.slice("Bearer ".length));
    const read = await (await ask(`/v1/keys/${caller?.keyId}`, { headers: ADMIN })).json();
    expect(read).toMatchObject({ used_today: { jobs: 1, bytes: expect.any(Number) } });
  });
});
