import { and, asc, eq, inArray, lte, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../config.ts";
import { recordJobEvent } from "../../outbox.ts";
import { jobs, PRIORITIES } from "../../schema/jobs.ts";
import { media } from "../../schema/media.ts";
import { attempts, type Lane, type SlotSize, tasks } from "../../schema/tasks.ts";
import type { ClaimedTask } from "../claimed-task.ts";
import { mayRun } from "./retry-room.ts";

export type Claim =
  /** `hasEvents`: one was written, and is to be sent on its way. */
  | { claimed: ClaimedTask; hasEvents: boolean }
  /** Nothing can run now; `nextAtMs` is when the earliest delayed task may. */
  | { claimed: undefined; nextAtMs: number | undefined };

interface ClaimRequest {
  lane: Lane;
  workerId: string;
  /** Fresh and unguessable; it fences out every earlier holder. */
  token: string;
  nowMs: number;
  /** Of whoever asks; a large slot leaves to the others what fits them. */
  slotSize?: SlotSize;
  /** How many tasks the lane runs at once; retries give way while most of that is in use. Left out: they never do. */
  laneCapacity?: number;
}

/**
 * Leases the best ready task of a lane: `ready → leased`, one atomic batch.
 *
 * 1. the task with the lowest rank takes the token, and its attempt number rises (zero rows: nothing is ready, or only
 *    retries that there is no room for);
 * 2. the attempt is written down;
 * 3. the job turns `processing` on its first claim (zero rows: it is already);
 * 4. the job and its media are read along, so that the handler needs no further query;
 * 5. `job.started` is written for whoever listens (zero rows: it was claimed before).
 */
export async function claimTask(d1: D1Database, request: ClaimRequest): Promise<Claim> {
  const db = drizzle(d1);
  const job = jobOfLease(db, request.token);
  const [[task], , , [foundJob], [foundMedia], told] = await db.batch([
    leaseBest(db, request),
    recordAttempt(db, request),
    startJob(db, request),
    // Two reads, not a join: a batch hands rows over as objects, where columns of one name collide.
    db.select().from(jobs).where(inArray(jobs.id, job)),
    db
      .select()
      .from(media)
      .where(inArray(media.id, db.select({ id: jobs.mediaId }).from(jobs).where(inArray(jobs.id, job)))),
    recordJobEvent(db, {
      type: "job.started",
      where: sql`j.id IN (${job}) AND j.status = 'processing' AND j.started_at = ${request.nowMs}`,
      cause: sql`j.run`,
      nowMs: request.nowMs,
    }),
  ]);
  if (!task || !foundJob || !foundMedia) {
    return { claimed: undefined, nextAtMs: await nextAvailable(db, request) };
  }
  const lease = {
    taskId: task.id,
    jobId: task.jobId,
    token: request.token,
    attempt: task.attempt,
    untilMs: request.nowMs + LIMITS.firstLeaseMs,
    workerId: request.workerId,
  };
  return { claimed: { lease, task, job: foundJob, media: foundMedia }, hasEvents: told.length > 0 };
}

function leaseBest(db: DrizzleD1Database, request: ClaimRequest) {
  const best = db
    .select({ id: tasks.id })
    .from(tasks)
    .where(
      and(
        eq(tasks.lane, request.lane),
        eq(tasks.slotSize, request.slotSize ?? "standard"),
        sql`state = 'ready'`,
        lte(tasks.availableAt, request.nowMs),
        mayRun(request),
      ),
    )
    .orderBy(asc(tasks.rank))
    .limit(1);
  return db
    .update(tasks)
    .set({
      state: "leased",
      leaseToken: request.token,
      leaseUntil: request.nowMs + LIMITS.firstLeaseMs,
      workerId: request.workerId,
      attempt: sql`attempt + 1`,
    })
    .where(inArray(tasks.id, best))
    .returning();
}

function recordAttempt(db: DrizzleD1Database, request: ClaimRequest) {
  const leased = db
    .select({
      taskId: tasks.id,
      number: tasks.attempt,
      jobId: tasks.jobId,
      run: sql<number>`(SELECT j.run FROM jobs AS j WHERE j.id = ${tasks.jobId})`.as("run"),
      leaseToken: sql<string>`${tasks.leaseToken}`.as("lease_token"),
      workerId: sql<string>`${tasks.workerId}`.as("worker_id"),
      startedAt: sql<number>`${request.nowMs}`.as("started_at"),
      finishedAt: sql<number | null>`NULL`.as("finished_at"),
      outcome: sql<"running">`'running'`.as("outcome"),
      failure: sql<null>`NULL`.as("failure"),
      retryAt: sql<number | null>`NULL`.as("retry_at"),
      peakMemoryBytes: sql<number | null>`NULL`.as("peak_memory_bytes"),
      cpuSeconds: sql<number | null>`NULL`.as("cpu_seconds"),
      sweptAt: sql<number | null>`NULL`.as("swept_at"),
    })
    .from(tasks)
    .where(holdsLease(request.token));
  return db.insert(attempts).select(leased);
}

function startJob(db: DrizzleD1Database, request: ClaimRequest) {
  return db
    .update(jobs)
    .set({ status: "processing", startedAt: request.nowMs })
    .where(and(inArray(jobs.id, jobOfLease(db, request.token)), eq(jobs.status, "pending")));
}

function jobOfLease(db: DrizzleD1Database, token: string) {
  return db.select({ id: tasks.jobId }).from(tasks).where(holdsLease(token));
}

/** The literal state lets SQLite use the partial index on tokens. */
function holdsLease(token: string) {
  return and(sql`${tasks.state} = 'leased'`, eq(tasks.leaseToken, token));
}

/** A look after this long at tasks that are due but had no room, ms. */
const HELD_BACK_MS = 2_000;

/** When it is worth asking again; the earliest of each priority is the first entry of an index. */
async function nextAvailable(db: DrizzleD1Database, request: ClaimRequest): Promise<number | undefined> {
  const { lane, slotSize = "standard", nowMs } = request;
  const earliest = PRIORITIES.map(
    (priority) => sql`SELECT (SELECT min(available_at) FROM tasks WHERE state = 'ready' AND lane = ${lane}
      AND slot_size = ${slotSize} AND priority = ${priority}) AS at`,
  );
  const row = await db.get<{ at: number | null }>(
    sql`SELECT min(at) AS at FROM (${sql.join(earliest, sql` UNION ALL `)})`,
  );
  if (!row || row.at === null) return undefined;
  return row.at > nowMs ? row.at : nowMs + HELD_BACK_MS;
}
