import type { Env } from "../config.ts";
import { readLanes } from "../jobs/store/read-lanes.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { PRIORITIES } from "../schema/jobs.ts";

/** Whoever was sent the ticket of a task claims it sooner, unless everybody is busy, ms. */
const LATE_MS = 5_000;
/** Tickets that an idle lane is sent at once; each brings on what is behind it. */
const AT_ONCE = 8;

/**
 * Sends tickets again for tasks that have been ready for a while: messages are lost with a worker that dies before it
 * has sent them. A lane in which something runs gets one, as its tasks wait for room; one that rests gets several.
 *
 * @returns whether there is reason to look again: something waits so long, or runs
 */
export async function sendLateTickets(env: Env, nowMs: number): Promise<boolean> {
  const lanes = await readLanes(env.DB, nowMs - LATE_MS, () => 0);
  const late = lanes.flatMap(({ lane, leased, ready }) => {
    const count = PRIORITIES.reduce((sum, priority) => sum + ready[priority].count, 0);
    return Array.from({ length: Math.min(count, leased > 0 ? 1 : AT_ONCE) }, () => lane);
  });
  await sendTickets(laneQueues(env), late);
  return late.length > 0 || lanes.some(({ leased }) => leased > 0);
}
