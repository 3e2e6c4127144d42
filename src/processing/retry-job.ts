import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { JobRow } from "../jobs/claimed-task.ts";
import { readTasks } from "../jobs/store/read-jobs.ts";
import { retryJob } from "../jobs/store/retry-job.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { outlineOf } from "../progress/outline.ts";
import type { StageName } from "../progress/stages.ts";
import { tell } from "./conclude.ts";
import { armLeaseWatch } from "./lease-watch.ts";
import { letFollow } from "./let-follow.ts";

/**
 * Begins another run of a job that failed or lost outputs, and tells the lanes and who watches.
 *
 * @returns the number of the run
 * @throws MediaError `conflict` in any other state, and when the original is gone
 */
export async function beginRetry(env: Env, job: JobRow): Promise<number> {
  const nowMs = Date.now();
  const retry = await retryJob(env.DB, job.id, nowMs);
  if (!retry.retried) {
    throw new MediaError(
      "conflict",
      "Only a job that failed, or completed with outputs missing, can be retried, while its media and its history are there.",
    );
  }
  const tasks = await readTasks(env.DB, job.id);
  await Promise.all([letFollow(env, job), armLeaseWatch(env)]);
  await tell(env, job.id, [
    {
      type: "accepted",
      jobId: job.id,
      run: retry.run,
      stages: job.stages as StageName[],
      tasks: tasks.map(({ state, attempt, ...task }) => ({ ...outlineOf(task), state, attempt })),
      atMs: nowMs,
    },
  ]);
  await sendTickets(laneQueues(env), retry.readyLanes);
  return retry.run;
}
