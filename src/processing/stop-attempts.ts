import type { Env } from "../config.ts";
import type { CancelledLease } from "../jobs/store/lost-work.ts";
import { log } from "../log.ts";
import { slotBehind, slotsOf } from "./slots.ts";

/**
 * Tells the slots that run these attempts to stop. It is a courtesy that saves their time: an attempt whose lease is
 * gone can finish nothing, and the slot notices at its next renewal.
 */
export async function stopAttempts(env: Env, attempts: readonly CancelledLease[]): Promise<void> {
  const slots = new Map(slotsOf(env).map((slot) => [slot.name, slot]));
  const results = await Promise.allSettled(
    attempts.map(async ({ taskId, attempt, workerId }) => {
      const slot = slots.get(workerId);
      if (slot) await slotBehind(env, slot).stopAttempt(taskId, attempt);
    }),
  );
  for (const result of results) {
    if (result.status === "rejected")
      log("warn", "processing", "stop_failed", { detail: String(result.reason) });
  }
}
