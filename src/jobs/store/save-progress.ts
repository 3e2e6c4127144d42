import { and, eq, lte } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { jobs } from "../../schema.ts";

/** Keeps how far a running job is, for lists and for when its live channel is gone; it never moves backward. */
export async function saveProgress(
  d1: D1Database,
  jobId: string,
  percentage: number,
  stage: string | null,
): Promise<void> {
  await drizzle(d1)
    .update(jobs)
    .set({ progressPercentage: percentage, currentStage: stage })
    .where(and(eq(jobs.id, jobId), eq(jobs.status, "processing"), lte(jobs.progressPercentage, percentage)));
}
