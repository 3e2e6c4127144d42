import type { Env } from "../config.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { tell } from "../processing/conclude.ts";
import { outlineOf } from "../progress/outline.ts";
import type { StageName } from "../progress/stages.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import type { PlannedJob } from "./plan-job.ts";

/**
 * Tells the job's progress channel what is coming, then the lanes that there is work. Both may be lost without
 * losing the job: readers fall back to D1, and the sweep sends tickets again.
 */
export async function announceJob(env: Env, { job, tasks }: Pick<PlannedJob, "job" | "tasks">): Promise<void> {
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
