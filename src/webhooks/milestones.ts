import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../config.ts";
import { recordJobEvent } from "../outbox.ts";
import { DEFAULT_PROGRESS_STEP, dispatchEvents } from "./dispatch.ts";

/** How far a job was when its milestones were last looked at, and how far it is; percentages. */
export interface Advance {
  before: number;
  now: number;
  stage: string | null;
}

/** The steps, in percentage points, at which somebody wants to hear of a job's progress; mostly none. */
export async function progressSteps(d1: D1Database, jobId: string): Promise<number[]> {
  const rows = await drizzle(d1).all<{ step: number }>(
    sql`SELECT w.progress_step AS step FROM jobs AS j JOIN webhook_endpoints AS w ON w.owner = j.owner
        WHERE j.id = ${jobId} AND w.enabled
          AND EXISTS (SELECT 1 FROM json_each(w.events) WHERE value IN ('*', 'job.progress'))
      UNION SELECT ${DEFAULT_PROGRESS_STEP} FROM jobs WHERE id = ${jobId} AND webhook_url IS NOT NULL`,
  );
  return rows.map((row) => row.step);
}

/** Whether a multiple of one of the steps was passed on the way. The end is told as `job.completed`. */
export function passesMilestone({ before, now }: Advance, steps: readonly number[]): boolean {
  return now < 100 && steps.some((step) => Math.floor(now / step) > Math.floor(before / step));
}

/** Writes `job.progress` and sends it on its way, while the job still runs. */
export async function tellMilestone(env: Env, jobId: string, advance: Advance, nowMs: number): Promise<void> {
  await recordJobEvent(drizzle(env.DB), {
    type: "job.progress",
    where: sql`j.id = ${jobId} AND j.status = 'processing'`,
    cause: sql`j.started_at || '@' || ${advance.now}`,
    detail: { before: advance.before, progress_percentage: advance.now, current_stage: advance.stage },
    nowMs,
  });
  await dispatchEvents(env, [jobId], nowMs);
}
