import type { Env } from "../config.ts";
import type { CancelledLease } from "../jobs/store/lost-work.ts";
import { log } from "../log.ts";
import { slotNames } from "./slot-names.ts";

/**
 * Tells the slots that run these attempts to stop. It is a courtesy that saves their time: an attempt whose lease is
 * gone can finish nothing, and the slot notices at its next renewal.
 */
export async function stopAttempts(env: Env, attempts: readonly CancelledLease[]): Promise<void> {
  const known = new Set(slotNames(env));
  const onSlots = attempts.filter((attempt) => known.has(attempt.workerId));
  const results = await Promise.allSettled(
    onSlots.map((attempt) =>
      env.TRANSCODER.getByName(attempt.workerId).stopAttempt(attempt.taskId, attempt.attempt),
    ),
  );
  for (const result of results) {
    if (result.status === "rejected")
      log("warn", "processing", "stop_failed", { detail: String(result.reason) });
  }
}
