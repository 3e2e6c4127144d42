import { configOf, type Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { isDeeperThan } from "../jobs/store/read-lanes.ts";
import { LANE_OF_TASK } from "../processing/task-spec.ts";
import type { Lane } from "../schema/tasks.ts";
import type { PlannedJob } from "./plan-job.ts";

/** A lane that is full is not empty a moment later. */
const RETRY_AFTER_S = 60;

/**
 * Keeps low-priority work out while as much of it waits already as may: what is accepted is done, so what cannot be
 * done in any reasonable time is not accepted. Other priorities always are; the ranks put them first.
 *
 * @throws MediaError `overloaded`, with `Retry-After`.
 */
export async function refuseOverload(
  env: Env,
  { job, tasks }: Pick<PlannedJob, "job" | "tasks">,
): Promise<void> {
  if (job.priority !== "low") return;
  const most = configOf(env).maxWaitingLow;
  const lanes = new Set<Lane>(tasks.map((task) => task.lane));
  // A video's first task is only the probe: its work comes later, in the lane of encodes.
  if (job.kind === "video") lanes.add(LANE_OF_TASK.stream);
  for (const lane of lanes) {
    if (!(await isDeeperThan(env.DB, lane, "low", most - 1))) continue;
    throw new MediaError("overloaded", `${most} low-priority tasks or more are waiting already.`, {
      headers: { "Retry-After": String(RETRY_AFTER_S) },
    });
  }
}
