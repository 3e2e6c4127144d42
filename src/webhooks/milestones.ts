import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { DEFAULT_PROGRESS_STEP } from "../schema/webhooks.ts";

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

/**
 * Whether a multiple of one of the steps lies between two percentages. The end is told as `job.completed`. Which
 * milestones were told D1 knows (`jobs/store/save-progress.ts`); this only says when it is worth asking.
 */
export function passesMilestone(before: number, now: number, steps: readonly number[]): boolean {
  return now < 100 && steps.some((step) => Math.floor(now / step) > Math.floor(before / step));
}
