import { LIMITS } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import type { JobRow, MediaRow, TaskRow } from "../../src/jobs/claimed-task.ts";
import { newTaskRow } from "../../src/jobs/new-task.ts";
import { acceptJob } from "../../src/jobs/store/accept-job.ts";
import { claimTask } from "../../src/jobs/store/claim-task.ts";

/** Milliseconds of each call. */
export interface ClaimTimings {
  accept: number[];
  claim: number[];
}

/** `POST /?depth=&samples=` with the migrations as a JSON array of statements: answers {@link ClaimTimings}. */
export default {
  async fetch(request, env) {
    const query = new URL(request.url).searchParams;
    const statements = await request.json<string[]>();
    await env.DB.batch(statements.map((statement) => env.DB.prepare(statement)));
    await fill(env.DB, Number(query.get("depth")));
    return Response.json(await measure(env.DB, Number(query.get("samples"))));
  },
} satisfies ExportedHandler<{ DB: D1Database }>;

/** One in, one out: the depth stays. */
async function measure(d1: D1Database, samples: number): Promise<ClaimTimings> {
  const timings: ClaimTimings = { accept: [], claim: [] };
  for (let sample = 0; sample < samples; sample++) {
    timings.accept.push(await timed(() => acceptOne(d1)));
    const claim = { lane: "edge", workerId: "bench", token: crypto.randomUUID(), nowMs: Date.now() } as const;
    timings.claim.push(await timed(() => claimTask(d1, claim)));
  }
  return timings;
}

/** Tasks of one job for each batch: a claim looks at tasks, not at how many jobs they belong to. */
const FILL_BATCH = 2_000;

async function fill(d1: D1Database, depth: number): Promise<void> {
  for (let filled = 0; filled < depth; filled += FILL_BATCH) {
    await acceptOne(d1, Math.min(FILL_BATCH, depth - filled));
  }
}

async function acceptOne(d1: D1Database, taskCount = 1): Promise<void> {
  const nowMs = Date.now();
  const newMedia = mediaRow(nowMs);
  const job = jobRow(newMedia.id, nowMs);
  const owner = { jobId: job.id, priority: job.priority, jobCreatedAtMs: nowMs, nowMs };
  const tasks: TaskRow[] = Array.from({ length: taskCount }, () =>
    newTaskRow({ id: newId("task", nowMs), kind: "image", lane: "edge", spec: {} }, owner),
  );
  await acceptJob(d1, { newMedia, job, tasks, dependencies: [] });
}

function mediaRow(nowMs: number): MediaRow {
  const id = newId("media", nowMs);
  return {
    id,
    owner: "bench",
    kind: "image",
    type: "image/jpeg",
    filename: "photo.jpg",
    sizeBytes: 1,
    sha256: "0".repeat(64),
    objectKey: `media/${id}/original`,
    status: "ready",
    version: 1,
    metadata: {},
    createdAt: nowMs,
  };
}

function jobRow(mediaId: string, nowMs: number): JobRow {
  return {
    id: newId("job", nowMs),
    owner: "bench",
    mediaId,
    kind: "image",
    status: "pending",
    priority: "normal",
    allowPartial: false,
    hasChannel: false,
    run: 1,
    outputSpecifications: [],
    stages: [],
    currentStage: null,
    progressPercentage: 0,
    estimatedDurationMs: 0,
    estimate: null,
    notes: [],
    error: null,
    requestId: "bench",
    traceparent: null,
    webhookUrl: null,
    contentHash: null,
    steps: [],
    batchId: null,
    createdAt: nowMs,
    startedAt: null,
    finishedAt: null,
    deadlineAt: nowMs + LIMITS.jobDeadlineMs,
    historyRemovedAt: null,
    keyId: null,
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}
