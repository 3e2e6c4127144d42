import type { Env } from "../config.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { tell } from "../processing/conclude.ts";
import { armLeaseWatch } from "../processing/lease-watch.ts";
import { letFollow } from "../processing/let-follow.ts";
import type { ProgressEvent } from "../progress/event.ts";
import { outlineOf } from "../progress/outline.ts";
import type { StageName } from "../progress/stages.ts";
import type { Lane } from "../schema/tasks.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import type { PlannedJob } from "./plan-job.ts";

/** What has been accepted. */
type AnnouncedJob = Pick<PlannedJob, "job" | "tasks">;

/**
 * Tells the job's progress channel, where it has one, what is coming, then the lanes that there is work. Both may be
 * lost without losing the job: readers fall back to D1, and the sweep sends tickets again.
 */
export async function announceJob(
  env: Env,
  { hasEvents, ...planned }: AnnouncedJob & { hasEvents: boolean },
): Promise<void> {
  await Promise.all([armLeaseWatch(env), planned.job.hasChannel && beginToTell(env, planned)]);
  await sendTickets(laneQueues(env), readyLanes(planned));
  if (hasEvents) await dispatchEvents(env, [planned.job.mediaId], planned.job.createdAt);
}

/** As {@link announceJob}, for many: the lanes hear of all of them at once. */
export async function announceBatch(env: Env, planned: readonly AnnouncedJob[]): Promise<void> {
  await armLeaseWatch(env);
  await Promise.all(planned.filter(({ job }) => job.hasChannel).map((one) => beginToTell(env, one)));
  await sendTickets(laneQueues(env), planned.flatMap(readyLanes));
}

async function beginToTell(env: Env, planned: AnnouncedJob): Promise<void> {
  await letFollow(env, planned.job);
  await tell(env, planned.job.id, [acceptedEvent(planned)]);
}

function acceptedEvent({ job, tasks }: AnnouncedJob): ProgressEvent {
  return {
    type: "accepted",
    jobId: job.id,
    stages: job.stages as StageName[],
    tasks: tasks.map(outlineOf),
    expected: job.estimate ?? undefined,
    atMs: job.createdAt,
  };
}

function readyLanes({ tasks }: AnnouncedJob): Lane[] {
  return tasks.filter((task) => task.state === "ready").map((task) => task.lane);
}
