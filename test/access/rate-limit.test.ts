import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DayUse, giveBack, leaseTokens, type RequestBucket, spend } from "../../src/access/budget.ts";
import { createTokenLeases } from "../../src/access/token-leases.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { file, outputs, problemOf, send, sendJson } from "../submission/sending.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const START_MS = 20_000 * DAY_MS;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

describe("a budget of requests", () => {
  it("holds what a minute brings, and fills up evenly", () => {
    const first = leaseTokens(undefined, 60, 50, START_MS);
    expect(first.lease).toEqual({ granted: 50, remaining: 10, fullInSeconds: 50, waitSeconds: 0 });
    const second = leaseTokens(first.bucket, 60, 50, START_MS + 5_000);
    expect(second.lease).toMatchObject({ granted: 15, remaining: 0 });
    const third = leaseTokens(second.bucket, 60, 1, START_MS + 5_100);
    expect(third.lease).toMatchObject({ granted: 0, waitSeconds: 1 });
    expect(leaseTokens(third.bucket, 60, 100, START_MS + 10 * MINUTE_MS).lease.granted).toBe(60);
  });

  it("is not passed by isolates that lease from it, however they share it", async () => {
    let bucket: RequestBucket | undefined;
    let calls = 0;
    const lease = async (wanted: number) => {
      calls++;
      const leased = leaseTokens(bucket, 600, wanted, START_MS);
      bucket = leased.bucket;
      return leased.lease;
    };
    const isolates = [createTokenLeases(), createTokenLeases(), createTokenLeases()];
    const asked = Array.from({ length: 900 }, (_, n) =>
      isolates[n % 3]?.admit("key_1", 600, lease, () => START_MS),
    );
    const admitted = (await Promise.all(asked)).filter((each) => each?.allowed);
    expect(admitted).toHaveLength(600);
    expect(calls).toBeLessThan(90);
  });

  it("costs a burst one call in a hundred requests", async () => {
    let calls = 0;
    const leases = createTokenLeases();
    let bucket: RequestBucket | undefined;
    const lease = async (wanted: number) => {
      calls++;
      const leased = leaseTokens(bucket, 6_000, wanted, START_MS);
      bucket = leased.bucket;
      return leased.lease;
    };
    for (let n = 0; n < 1_000; n++) await leases.admit("key_1", 6_000, lease, () => START_MS + n);
    expect(calls).toBeLessThan(16);
  });
});

describe("a daily quota", () => {
  it("counts jobs and bytes until the day is over, and nothing of what did not fit", () => {
    const noon = START_MS + DAY_MS / 2;
    const first = spend(undefined, { jobs: 2, bytes: 100 }, { jobs: 1, bytes: 60 }, noon);
    expect(first.answer).toEqual({ allowed: true, day: 20_000 });
    const tooLarge = spend(first.use, { jobs: 2, bytes: 100 }, { jobs: 1, bytes: 41 }, noon);
    expect(tooLarge.answer).toEqual({ allowed: false, limit: "bytes", retryAfterSeconds: 43_200 });
    const second = spend(tooLarge.use, { jobs: 2, bytes: 100 }, { jobs: 1, bytes: 40 }, noon);
    expect(second.answer.allowed).toBe(true);
    expect(spend(second.use, { jobs: 2 }, { jobs: 1, bytes: 0 }, noon).answer).toMatchObject({
      limit: "jobs",
    });
    expect(spend(second.use, { jobs: 2 }, { jobs: 1, bytes: 0 }, noon + DAY_MS).answer.allowed).toBe(true);
  });

  it("is given back on its own day only", () => {
    const use: DayUse = { day: 7, jobs: 3, bytes: 10 };
    expect(giveBack(use, 7, { jobs: 1, bytes: 20 })).toEqual({ day: 7, jobs: 2, bytes: 0 });
    expect(giveBack(use, 6, { jobs: 1, bytes: 20 })).toEqual(use);
  });
});

describe("a key", () => {
  it("of so many requests a minute is told how many are left, and then to wait; others are not", async () => {
    const limited = await keyFor("anna", ["read"], { requestsPerMinute: 3 });
    const free = await keyFor("anna");
    const answers = [];
    for (let n = 0; n < 4; n++) answers.push(await ask("/v1/jobs", { headers: limited }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers[0]?.headers.get("RateLimit-Policy")).toBe('"requests";q=3;w=60');
    expect(answers.map(({ headers }) => headers.get("RateLimit")?.split(";")[1])).toEqual([
      ...["r=2", "r=1", "r=0", "r=0"],
    ]);
    expect(answers[3]?.headers.get("Retry-After")).toBe("20");
    expect(answers[3]?.headers.get("RateLimit-Policy")).toBe('"requests";q=3;w=60');
    expect(await answers[3]?.json()).toMatchObject({ type: "/problems/rate_limited" });
    expect((await ask("/v1/jobs", { headers: free })).status).toBe(200);
    // A request that is wrong is told as well.
    expect((await ask("/v1/jobs/job_none", { headers: free })).headers.get("RateLimit")).toMatch(
      /^"requests"/,
    );
  });

  it("of so many jobs a day may not submit more, and what was refused or was there already does not count", async () => {
    const jpeg = await fileOf(photo(32, 32), "jpeg");
    const key = await keyFor("anna", ["read", "write"], { jobsPerDay: 2 });
    const submit = (bytes: Uint8Array) => send(key, [file(bytes), outputs([{ preset: "thumbnail" }])]);
    expect((await submit(new Uint8Array([1, 2, 3]))).status).toBeGreaterThanOrEqual(400);
    expect((await submit(jpeg)).status).toBe(201);
    expect((await submit(jpeg)).status).toBe(200);
    const media = (await rowsOf<{ id: string }>("media"))[0]?.id;
    const item = { media_id: media, output_specifications: [{ preset: "small" }] };
    const batch = await ask("/v1/batches", {
      method: "POST",
      headers: { ...key, "Content-Type": "application/json" },
      body: JSON.stringify({ items: [item, item] }),
    });
    await problemOf(batch, 429, "quota_exceeded");
    const again = { media_id: media, output_specifications: [{ preset: "small" }] };
    expect((await sendJson(key, again)).status).toBe(201);
    const refused = await sendJson(key, { ...again, force_new: true });
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
    await problemOf(refused, 429, "quota_exceeded");
    expect(await rowsOf("jobs")).toHaveLength(2);
  });

  it("of so many bytes a day is counted by the bodies that it sends", async () => {
    const key = await keyFor("anna", ["read", "write"], { bytesPerDay: 500 });
    const large = await fileOf(photo(64, 64), "png");
    const refused = await send(key, [file(large), outputs([{ preset: "thumbnail" }])]);
    await problemOf(refused, 429, "quota_exceeded");
    expect(await rowsOf("media")).toEqual([]);
  });
});

it("an operator sets a key's limits, and sees them", async () => {
  const admin = {
    Authorization: `Bearer ${testEnv.BOOTSTRAP_ADMIN_KEY}`,
    "Content-Type": "application/json",
  };
  const body = {
    owner: "studio",
    name: "kit",
    scopes: ["read"],
    requests_per_minute: 30,
    daily_quota: { jobs: 5 },
  };
  const made = await ask("/v1/keys", { method: "POST", headers: admin, body: JSON.stringify(body) });
  const shown = { requests_per_minute: 30, daily_quota: { jobs: 5, bytes: null, cpu_seconds: null } };
  const key = (await made.json()) as { id: string };
  expect([made.status, key]).toMatchObject([201, shown]);
  const { keys } = (await (await ask("/v1/keys", { headers: admin })).json()) as { keys: { id: string }[] };
  expect(keys.find(({ id }) => id === key.id)).toMatchObject(shown);
  const none = { ...body, requests_per_minute: 0 };
  expect((await ask("/v1/keys", { method: "POST", headers: admin, body: JSON.stringify(none) })).status).toBe(
    422,
  );
});
