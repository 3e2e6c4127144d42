import { and, eq, inArray, lte } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { jobs } from "../../schema/jobs.ts";

/**
 * Keeps how far a job is, or was when it failed or was cancelled, for lists and for when its live channel is gone; it
 * never moves backward. Zero rows: it is further, completed, or begins again.
 */
export async function saveProgress(
  d1: D1Database,
  jobId: string,
  percentage: number,
  stage: string | null,
): Promise<void> {
  await drizzle(d1)
    .update(jobs)
    .set({ progressPercentage: percentage, currentStage: stage })
    .where(
      and(
        eq(jobs.id, jobId),
        inArray(jobs.status, ["processing", "failed", "cancelled"]),
        lte(jobs.progressPercentage, percentage),
      ),
    );
}
