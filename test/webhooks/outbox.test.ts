import { drizzle } from "drizzle-orm/d1";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import type { ClaimedTask } from "../../src/jobs/claimed-task.ts";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { recordMetadata } from "../../src/media/store.ts";
import { sweep } from "../../src/retention/sweep.ts";
import { events } from "../../src/schema/webhooks.ts";
import { dispatchEvents } from "../../src/webhooks/dispatch.ts";
import { envelope, envelopeBody, MAX_ENVELOPE_BYTES } from "../../src/webhooks/event.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, failure, finished, outputOf, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";
import { eventsWritten, register, typesWritten, withoutQueue } from "./receiving.ts";

const DB = testEnv.DB;
const LATER_MS = START_MS + 5_000;
const AGAIN = { retry: true, delayMs: 1_000, counted: true } as const;
const NEVER = { retry: false, reason: "permanent" } as const;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

async function bodies() {
  const rows = await drizzle(DB).select().from(events);
  return rows.map((row) => envelope.parse(JSON.parse(envelopeBody(row, "https://darkroom.test"))));
}

/** Takes the lease away from whoever holds it, as a sweep does. */
async function takeBack(): Promise<void> {
  await DB.prepare("UPDATE tasks SET state = 'ready', lease_token = NULL, lease_until = NULL").run();
}

describe("a transition that somebody listens to", () => {
  beforeEach(async () => {
    await register();
  });

  it("is told once each: ready, started, completed", async () => {
    const { job } = await submit({ tasks: [{}, {}] });
    const [first, second] = [await claimOne(), await claimOne()];
    await finishTask(DB, first.lease, finished([outputOf(first, "a.webp")]), LATER_MS);
    expect(await typesWritten()).toEqual(["media.ready", "job.started"]);
    const done = finished([outputOf(second, "b.webp")], { notes: ["not enlarged"] });
    await finishTask(DB, second.lease, done, LATER_MS);
    await finishTask(DB, second.lease, done, LATER_MS);
    await finishTask(DB, second.lease, done, LATER_MS + 1);
    expect(await typesWritten()).toEqual(["media.ready", "job.started", "job.completed"]);
    expect((await bodies()).at(-1)).toMatchObject({
      type: "job.completed",
      timestamp: new Date(LATER_MS).toISOString(),
      data: {
        event_id: expect.stringMatching(/^evt_/),
        correlation_id: "req_test",
        sequence: 2,
        job: { job_id: job.id, status: "completed", progress_percentage: 100 },
        payload: {
          output_files: [
            { name: "a.webp", url: `https://darkroom.test/outputs/${job.id}/a.webp` },
            { name: "b.webp" },
          ],
          processing_duration: 5,
          metadata: { notes: ["not enlarged"] },
        },
      },
    });
  });

  it("is not told when it does not take place: a stale finish, a stale failure", async () => {
    await submit();
    const slow = await claimOne();
    await takeBack();
    const before = await eventsWritten();
    await finishTask(DB, slow.lease, finished([outputOf(slow)]), LATER_MS);
    await failTask(DB, slow.lease, failure(), AGAIN, LATER_MS);
    await failTask(DB, slow.lease, failure(), NEVER, LATER_MS);
    expect(await eventsWritten()).toEqual(before);
    const fast = await claimOne();
    await finishTask(DB, fast.lease, finished([outputOf(fast)]), LATER_MS);
    const after = await eventsWritten();
    await finishTask(DB, slow.lease, finished([outputOf(slow)]), LATER_MS);
    expect(await eventsWritten()).toEqual(after);
  });

  it("is rolled back with its event when any statement of its batch fails", async () => {
    const { job } = await submit();
    const { lease } = await claimOne();
    await DB.exec("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    await expect(finishTask(DB, lease, finished(), LATER_MS)).rejects.toThrow("disk full");
    await DB.exec("DROP TRIGGER full");
    expect(await rowsOf("jobs")).toMatchObject([{ id: job.id, status: "processing" }]);
    await finishTask(DB, lease, finished(), LATER_MS);
    expect((await typesWritten()).at(-1)).toBe("job.completed");
  });

  it("is a retry, with what went wrong and when it goes on", async () => {
    await submit();
    const { lease } = await claimOne();
    const privately = { ...failure(), detail: "stderr: /secret/path" };
    await failTask(DB, lease, privately, AGAIN, LATER_MS);
    await failTask(DB, lease, privately, AGAIN, LATER_MS);
    expect(await typesWritten()).toEqual(["media.ready", "job.started", "job.retry"]);
    const told = (await bodies()).at(-1);
    expect(told?.data.payload).toMatchObject({
      error: { code: "storage_failed", class: "transient" },
      retry_eligible: true,
      metadata: { attempt: 1, next_attempt_at: new Date(LATER_MS + 1_000).toISOString() },
    });
    expect(JSON.stringify(told)).not.toContain("secret");
  });

  it("is a failure for good, without its private words", async () => {
    await submit({ tasks: [{}, {}] });
    const [first, second] = [await claimOne(), await claimOne()];
    await failTask(DB, first.lease, { ...failure("input"), detail: "/secret/path" }, NEVER, LATER_MS);
    await failTask(DB, second.lease, failure("input"), NEVER, LATER_MS);
    expect(await typesWritten()).toEqual(["media.ready", "job.started", "job.failed"]);
    const told = (await bodies()).at(-1);
    expect(told?.data).toMatchObject({ job: { status: "failed" }, payload: { retry_eligible: false } });
    expect(JSON.stringify(told)).not.toContain("secret");
  });

  it("is the end by hand or by the deadline", async () => {
    const one = (await submit()).job.id;
    expect(await endJob(DB, one, "processing", LATER_MS)).toEqual({ ended: false });
    await endJob(DB, one, "pending", LATER_MS);
    await endJob(DB, one, "pending", LATER_MS);
    const other = (await submit()).job.id;
    await endJob(DB, other, "pending", LATER_MS, failure("codec"));
    const told = (await eventsWritten()).filter((event) => event.type !== "media.ready");
    expect(told.map(({ type, subject_id }) => [type, subject_id])).toEqual([
      ["job.cancelled", one],
      ["job.failed", other],
    ]);
  });

  it("is a video that a probe has described", async () => {
    const { job } = await submit({ kind: "video", media: { kind: "video", status: "processing" } });
    await recordMetadata(DB, job.mediaId, { durationSeconds: 3 }, "req_1", LATER_MS);
    await recordMetadata(DB, job.mediaId, { durationSeconds: 3 }, "req_1", LATER_MS + 1);
    expect(await typesWritten()).toEqual(["media.ready"]);
    expect((await bodies())[0]).toMatchObject({ data: { payload: { metadata: { media_id: job.mediaId } } } });
  });

  it("fits into 20 KB, however many files there are", async () => {
    await submit();
    const claimed = await claimOne();
    const many = Array.from({ length: 400 }, (_, n) => outputOf(claimed, `a-rather-long-name-${n}.webp`));
    await finishTask(DB, claimed.lease, finished(many), LATER_MS);
    const told = (await bodies()).at(-1)?.data.payload;
    const kept = told?.output_files?.length ?? 0;
    expect(kept).toBeGreaterThan(10);
    expect(kept + (told?.output_files_omitted ?? 0)).toBe(400);
    for (const row of await drizzle(DB).select().from(events)) {
      expect(new TextEncoder().encode(envelopeBody(row, "")).length).toBeLessThanOrEqual(MAX_ENVELOPE_BYTES);
    }
  });
});

describe("failures that somebody listens to", () => {
  beforeEach(async () => {
    await register();
  });

  it("say which outputs a job went on without", async () => {
    await submit({ allowPartial: true, tasks: [{ outputNames: ["a.webp"] }, { outputNames: ["b.webp"] }] });
    const [good, bad] = [await claimOne(), await claimOne()];
    await failTask(DB, bad.lease, { ...failure("input"), detail: "stderr" }, NEVER, LATER_MS);
    const done = finished([outputOf(good, "a.webp")], { allowPartial: true });
    await finishTask(DB, good.lease, done, LATER_MS);
    expect(await typesWritten()).toEqual(["media.ready", "job.started", "job.completed"]);
    const told = (await bodies()).at(-1);
    expect(told?.data.payload).toMatchObject({
      output_files: [{ name: "a.webp" }],
      outputs_failed: [{ name: "b.webp", code: "storage_failed" }],
    });
    expect(JSON.stringify(told)).not.toContain("stderr");
  });

  it("tell each run of a job: its failure, its retry, its start and its end", async () => {
    const { job } = await submit();
    const bad = { ...failure("input"), detail: "stderr" };
    await failTask(DB, (await claimOne()).lease, bad, NEVER, START_MS);
    await Promise.all([retryJob(DB, job.id, LATER_MS), retryJob(DB, job.id, LATER_MS)]);
    const again = await claimOne(LATER_MS);
    await finishTask(DB, again.lease, finished([outputOf(again)]), LATER_MS);
    const told = (await bodies()).filter(({ data }) => data.job);
    expect(told.map(({ type, data }) => [type, data.job?.run, data.job?.status])).toEqual([
      ["job.started", 1, "processing"],
      ["job.failed", 1, "failed"],
      ["job.retry", 2, "pending"],
      ["job.started", 2, "processing"],
      ["job.completed", 2, "completed"],
    ]);
    // A retry by hand says what it was for.
    expect(told[2]?.data.payload).toMatchObject({ error: { code: "storage_failed" }, retry_eligible: false });
    expect(JSON.stringify(told)).not.toContain("stderr");
  });

  it("tell of media that a probe proved bad, once, and of none that was merely not examined", async () => {
    const media = { kind: "video", status: "processing" } as const;
    for (const failureClass of ["input", "codec"]) {
      await submit({ kind: "video", tasks: [{ kind: "probe" }], media });
      const { lease } = await claimOne();
      await failTask(DB, lease, failure(failureClass), NEVER, LATER_MS);
      await failTask(DB, lease, failure(failureClass), NEVER, LATER_MS);
    }
    const told = (await bodies()).filter(({ type }) => type.startsWith("media."));
    expect(told.map(({ type, data }) => [type, data.payload.metadata?.rejection])).toEqual([
      ["media.rejected", failure("input")],
    ]);
    expect(await rowsOf("media", "1 ORDER BY status")).toMatchObject([
      { status: "incoming" },
      { status: "rejected" },
    ]);
  });
});

describe("an event is for whoever asked", () => {
  async function runToEnd(webhookUrl?: string): Promise<ClaimedTask> {
    await submit({ webhookUrl });
    const claimed = await claimOne();
    await finishTask(DB, claimed.lease, finished([outputOf(claimed)]), LATER_MS);
    return claimed;
  }

  it("and not written when nobody did", async () => {
    await register({ owner: "bert" });
    await register({ enabled: false });
    await register({ events: ["job.failed"] });
    await runToEnd();
    expect(await typesWritten()).toEqual([]);
  });

  it("of the types that they asked for", async () => {
    await register({ events: ["job.completed"] });
    await runToEnd();
    expect(await typesWritten()).toEqual(["job.completed"]);
  });

  it("by the job's own URL", async () => {
    const { job } = await runToEnd("https://hooks.example.com/mine");
    expect(await typesWritten()).toEqual(["job.started", "job.completed"]);
    await dispatchEvents(withoutQueue, [job.id], LATER_MS);
    await dispatchEvents(withoutQueue, [job.id], LATER_MS);
    expect(await rowsOf("webhook_deliveries")).toMatchObject([
      { event_type: "job.started", endpoint_id: null, target: "anna@https://hooks.example.com" },
      { event_type: "job.completed", url: "https://hooks.example.com/mine", state: "waiting" },
    ]);
  });

  it("and goes to each of them once, however often it is dispatched, even at the same time", async () => {
    await Promise.all([
      register(),
      register({ url: "https://b.example.com/" }),
      register({ events: ["job.started"] }),
    ]);
    const { job } = await runToEnd();
    await Promise.all([1, 2, 3].map(() => dispatchEvents(withoutQueue, [job.id], LATER_MS)));
    await dispatchEvents(withoutQueue, [job.id], LATER_MS);
    expect(await rowsOf("webhook_deliveries", "event_type = 'job.started'")).toHaveLength(3);
    expect(await rowsOf("webhook_deliveries", "event_type = 'job.completed'")).toHaveLength(2);
    expect((await eventsWritten()).filter((event) => event.type.startsWith("job."))).toMatchObject([
      { dispatched_at: LATER_MS },
      { dispatched_at: LATER_MS },
    ]);
  });
});

describe("an upload that nobody went on with", () => {
  const begin = () =>
    testEnv.DB.prepare(
      "INSERT INTO uploads VALUES ('upl_1', 'anna', 'media/med_1/original', NULL, 1000)",
    ).run();

  it("is told of once, when the sweep removes it", async () => {
    await register({ events: ["upload.expired"] });
    await begin();
    await sweep(testEnv, 1_001 + LIMITS.abandonedUploadMs);
    await sweep(testEnv, 2_001 + LIMITS.abandonedUploadMs);
    expect(await rowsOf("uploads")).toEqual([]);
    const [event, ...more] = await eventsWritten();
    expect(more).toEqual([]);
    expect(event).toMatchObject({ type: "upload.expired", subject_id: "upl_1" });
    expect(JSON.parse(event?.snapshot ?? "")).toEqual({ upload_id: "upl_1", created_at: 1000 });
    expect(event?.dispatched_at).not.toBeNull();
  });

  it("is told of to nobody when nobody listens", async () => {
    await register({ events: ["job.failed"] });
    await begin();
    await sweep(testEnv, 1_001 + LIMITS.abandonedUploadMs);
    expect(await eventsWritten()).toEqual([]);
  });
});
