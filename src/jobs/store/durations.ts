import { type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { durationHistory, PRIORITIES, type Priority } from "../../schema/jobs.ts";
import { type Lane, tasks } from "../../schema/tasks.ts";
import { type JobShape, KEPT_DURATIONS, type LaneHistory } from "../estimate.ts";
import { rankOf } from "../priority.ts";

/** Waits of a lane where nothing was ahead, and for each task ahead, stand in two rows of their own. */
const DISPATCH = 0;
const PER_TASK = 1;

/**
 * The statement of the finishing batch that remembers how long a job waited and ran, if it completed at `nowMs` while
 * `guard` holds; zero rows: it did not, nobody estimated it, or it was retried, which says nothing of the next one.
 */
export function recordDurations(db: DrizzleD1Database, jobId: string, nowMs: number, guard: SQL) {
  const newest = sql`json_extract(excluded.recent, '$[0]')`;
  const job = sql`jobs AS j WHERE j.id = ${jobId} AND j.status = 'completed' AND j.finished_at = ${nowMs}
    AND j.run = 1 AND j.started_at IS NOT NULL AND j.estimate IS NOT NULL AND ${guard}`;
  return db
    .insert(durationHistory)
    .select(
      sql`SELECT kind, size_bucket, output_count, 1, json_array(duration), ${nowMs} FROM (
        SELECT j.kind AS kind, j.estimate ->> '$.sizeBucket' AS size_bucket, j.estimate ->> '$.outputCount' AS output_count,
          j.finished_at - j.started_at AS duration FROM ${job}
        UNION ALL
        SELECT 'wait:' || (j.estimate ->> '$.lane'), min(1, j.estimate ->> '$.tasksAhead'), 0,
          (j.started_at - j.created_at) / max(1, j.estimate ->> '$.tasksAhead') FROM ${job}
      ) WHERE duration >= 0`,
    )
    .onConflictDoUpdate({
      target: [durationHistory.kind, durationHistory.sizeBucket, durationHistory.outputCount],
      set: {
        samples: sql`duration_history.samples + 1`,
        recent: sql`json_insert(CASE WHEN json_array_length(duration_history.recent) >= ${KEPT_DURATIONS}
          THEN json_remove(duration_history.recent, '$[0]') ELSE duration_history.recent END, '$[#]', ${newest})`,
        updatedAt: sql`excluded.updated_at`,
      },
    });
}

/** What is remembered of jobs of a shape and of the lane they begin in. */
export async function readDurations(d1: D1Database, shape: JobShape): Promise<LaneHistory> {
  const waiting = `wait:${shape.lane}`;
  const rows = await drizzle(d1)
    .select()
    .from(durationHistory)
    .where(
      sql`(kind, size_bucket, output_count) IN (VALUES (${shape.kind}, ${shape.sizeBucket}, ${shape.outputCount}),
        (${waiting}, ${DISPATCH}, 0), (${waiting}, ${PER_TASK}, 0))`,
    );
  const recent = (kind: string, bucket: number) =>
    rows.find((row) => row.kind === kind && row.sizeBucket === bucket)?.recent ?? [];
  return {
    run: recent(shape.kind, shape.sizeBucket),
    dispatch: recent(waiting, DISPATCH),
    waitPerTask: recent(waiting, PER_TASK),
  };
}

/** For a job that is submitted now: how many tasks of each lane are ahead of it, by its priority. */
export type TasksAhead = Record<Priority, Partial<Record<Lane, number>>>;

/** Looks at every ready task through the index, so it is asked now and then, not for every job. */
export async function countTasksAhead(d1: D1Database, nowMs: number): Promise<TasksAhead> {
  const db = drizzle(d1);
  const before = (priority: Priority) => sql<number>`sum(${tasks.rank} <= ${rankOf(nowMs, priority)})`;
  const [ready, leased] = await db.batch([
    db
      .select({
        lane: tasks.lane,
        urgent: before("urgent").as("urgent"),
        high: before("high").as("high"),
        normal: before("normal").as("normal"),
        low: before("low").as("low"),
      })
      .from(tasks)
      .where(sql`${tasks.state} = 'ready'`)
      .groupBy(tasks.lane),
    db
      .select({ lane: tasks.lane, running: sql<number>`count(*)`.as("running") })
      .from(tasks)
      .where(sql`${tasks.state} = 'leased'`)
      .groupBy(tasks.lane),
  ]);
  const ahead: TasksAhead = { urgent: {}, high: {}, normal: {}, low: {} };
  for (const priority of PRIORITIES) {
    for (const row of ready) ahead[priority][row.lane] = row[priority];
    for (const row of leased) ahead[priority][row.lane] = (ahead[priority][row.lane] ?? 0) + row.running;
  }
  return ahead;
}
