import { and, count, eq, lte, min, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Priority } from "../../schema/jobs.ts";
import { LANES, type Lane, type SlotSize, tasks } from "../../schema/tasks.ts";
import type { LaneState } from "../lane-load.ts";

/**
 * Every lane as it is now, from two indexes: of what is ready by priority, and of what is leased.
 *
 * @param capacityOf how many tasks a lane runs at once.
 */
export async function readLanes(
  d1: D1Database,
  nowMs: number,
  capacityOf: (lane: Lane) => number,
): Promise<LaneState[]> {
  const db = drizzle(d1);
  const [ready, leased] = await db.batch([
    db
      .select({
        lane: tasks.lane,
        priority: tasks.priority,
        count: count().as("ready_count"),
        oldestMs: min(tasks.availableAt).as("oldest_ms"),
      })
      .from(tasks)
      .where(sql`${tasks.state} = 'ready' AND ${tasks.availableAt} <= ${nowMs}`)
      .groupBy(tasks.lane, tasks.priority),
    db
      .select({ lane: tasks.lane, count: count().as("leased_count") })
      .from(tasks)
      .where(sql`${tasks.state} = 'leased'`)
      .groupBy(tasks.lane),
  ]);
  return LANES.map((lane) => {
    const state: LaneState = {
      lane,
      capacity: capacityOf(lane),
      leased: leased.find((row) => row.lane === lane)?.count ?? 0,
      ready: nothingReady(),
    };
    for (const row of ready.filter((each) => each.lane === lane)) {
      state.ready[row.priority] = { count: row.count, oldestMs: row.oldestMs ?? undefined };
    }
    return state;
  });
}

/** Whether more than `depth` tasks of a priority wait in a lane; looks at no more entries of the index than that. */
export async function isDeeperThan(
  d1: D1Database,
  lane: Lane,
  priority: Priority,
  depth: number,
): Promise<boolean> {
  const rows = await drizzle(d1)
    .select({ one: sql`1` })
    .from(tasks)
    .where(
      and(
        sql`${tasks.state} = 'ready'`,
        eq(tasks.lane, lane),
        sql`${tasks.slotSize} IN ('standard', 'large')`,
        eq(tasks.priority, priority),
      ),
    )
    .limit(1)
    .offset(depth);
  return rows.length > 0;
}

/** Whether a task of a lane waits for a slot of this size. */
export async function isAnyReady(
  d1: D1Database,
  lane: Lane,
  slotSize: SlotSize,
  nowMs: number,
): Promise<boolean> {
  const rows = await drizzle(d1)
    .select({ one: sql`1` })
    .from(tasks)
    .where(
      and(
        sql`${tasks.state} = 'ready'`,
        eq(tasks.lane, lane),
        eq(tasks.slotSize, slotSize),
        lte(tasks.availableAt, nowMs),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

function nothingReady(): LaneState["ready"] {
  const none = { count: 0, oldestMs: undefined };
  return { urgent: none, high: none, normal: none, low: none };
}
