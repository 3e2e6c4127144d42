import type { Env } from "../config.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { log } from "../log.ts";
import { tell } from "../processing/conclude.ts";
import { isFollowed } from "../progress/followers.ts";
import { outlineOf } from "../progress/outline.ts";
import type { StageName } from "../progress/stages.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import type { PlannedJob } from "./plan-job.ts";

/**
 * Tells the job's progress channel what is coming, then the lanes that there is work. Both may be lost without
 * losing the job: readers fall back to D1, and the sweep sends tickets again.
 */
export async function announceJob(
  env: Env,
  { job, tasks }: Pick<PlannedJob, "job" | "tasks">,
): Promise<void> {
  await letFollow(env, job);
  await tell(env, job.id, [
    {
      type: "accepted",
      jobId: job.id,
      stages: job.stages as StageName[],
      tasks: tasks.map(outlineOf),
      expected: job.estimate ?? undefined,
      atMs: job.createdAt,
    },
  ]);
  await sendTickets(
    laneQueues(env),
    tasks.filter((task) => task.state === "ready").map((task) => task.lane),
  );
  await dispatchEvents(env, [job.mediaId], job.createdAt);
}

/** Who follows the owner's feed hears of the job from its first moment on; it is accepted whether or not they do. */
async function letFollow(env: Env, { id, owner, mediaId }: PlannedJob["job"]): Promise<void> {
  try {
    if (!(await isFollowed(env.DB, owner, Date.now()))) return;
    await env.JOB_PROGRESS.getByName(id).follow({ owner, mediaId });
  } catch (error) {
    log("warn", "submission", "not_followed", { job_id: id, detail: String(error) });
  }
}
