import { and, eq, isNotNull, isNull, notExists, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { apiKeys } from "../../schema/access.ts";
import { attempts } from "../../schema/tasks.ts";
import type { Lease } from "../claimed-task.ts";

/** What is known of an attempt beside how it ended. */
export interface AttemptUsage {
  /** The most memory that it was seen to hold. */
  peakMemoryBytes?: number | undefined;
  /** Processor time, user and system, of the processes that it ran. */
  cpuSeconds?: number | undefined;
  /** The key that pays for that: the one that submitted its job. */
  keyId?: string | null | undefined;
}

const DAY_MS = 86_400_000;

/**
 * Notes the processor time of an attempt and counts it for its key, on the day (UTC) on which the attempt ended. Part
 * of the batch that ends the attempt, and guarded by nothing but that it was not counted before: what was cancelled or
 * taken back has used the processor as well, and so has an attempt whose job was removed under it. There is nothing to
 * count for work at the edge, where the runtime has no clock of processor time.
 */
export function chargeAttempt(
  db: DrizzleD1Database,
  { taskId, attempt, token }: Lease,
  { cpuSeconds, keyId }: AttemptUsage,
  nowMs: number,
): BatchItem<"sqlite">[] {
  if (cpuSeconds === undefined) return [];
  const own = and(eq(attempts.taskId, taskId), eq(attempts.number, attempt), eq(attempts.leaseToken, token));
  const counted = db
    .select({ one: sql`1` })
    .from(attempts)
    .where(and(own, isNotNull(attempts.cpuSeconds)));
  const day = Math.floor(nowMs / DAY_MS);
  const charge = db
    .update(apiKeys)
    .set({
      cpuSeconds: sql`CASE WHEN cpu_day >= ${day} THEN cpu_seconds ELSE 0 END + ${cpuSeconds}`,
      cpuDay: sql`max(coalesce(cpu_day, 0), ${day})`,
    })
    .where(and(eq(apiKeys.id, keyId ?? ""), notExists(counted)));
  const note = db
    .update(attempts)
    .set({ cpuSeconds })
    .where(and(own, isNull(attempts.cpuSeconds)));
  return [charge, note];
}
