import { z } from "@hono/zod-openapi";
import { authenticateWatcher, requireScope } from "../access/authenticate.ts";
import type { Env } from "../config.ts";
import { createRoutes, KEY_OR_WATCH_TOKEN } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import type { ProgressSnapshot } from "../progress/event.ts";
import { farewellResponse, hasEnded, wantsWebSocket } from "../progress/farewell.ts";
import { liveFeed } from "../progress/live-feed.ts";
import { finalSnapshot } from "../progress/snapshot.ts";
import type { AppContext } from "../request-context.ts";
import type { TaskRow } from "./claimed-task.ts";
import { progressDocument } from "./progress-document.ts";
import { findJob } from "./routes.ts";
import { type JobWithOutputs, readEnd, readTasks } from "./store/read-jobs.ts";

/** Progress of one job: polled, over WebSocket, and as server-sent events. A watch token is enough. */
export const watchRoutes = createRoutes();

const watcher = [authenticateWatcher(), requireScope("read")] as const;
const described = { tags: ["progress"], security: KEY_OR_WATCH_TOKEN };

watchRoutes.openAPIRegistry.registerPath({
  ...described,
  method: "get",
  path: "/v1/jobs/{id}/progress",
  summary: "Read a job's progress",
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description: "Overall, by stage and by task",
      content: { "application/json": { schema: progressDocument } },
    },
  },
});
watchRoutes.get("/v1/jobs/:id/progress", ...watcher, async (c) => {
  const { snapshot } = await currentProgress(c);
  return c.json(snapshot, 200, { "Cache-Control": "no-store" });
});

watchRoutes.openAPIRegistry.registerPath({
  ...described,
  method: "get",
  path: "/v1/jobs/{id}/ws",
  summary: "Watch a job over WebSocket",
  request: { params: z.object({ id: z.string() }) },
  responses: { 101: { description: "A `snapshot` message, then `update`s, then `end` and a close" } },
});
watchRoutes.get("/v1/jobs/:id/ws", ...watcher, async (c) => {
  if (!wantsWebSocket(c.req.raw)) {
    throw new MediaError("upgrade_required", "Open this URL with a WebSocket client.", {
      headers: { Upgrade: "websocket", Connection: "Upgrade" },
    });
  }
  return await openFeed(c);
});

watchRoutes.openAPIRegistry.registerPath({
  ...described,
  method: "get",
  path: "/v1/jobs/{id}/events",
  summary: "Watch a job as server-sent events",
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description: "`snapshot`, `update` and `end` events; `Last-Event-ID` resumes",
      content: { "text/event-stream": { schema: z.string() } },
    },
    204: { description: "The `end` was heard: there is nothing to reconnect for" },
  },
});
watchRoutes.get("/v1/jobs/:id/events", ...watcher, openFeed);

/** The live feed of a job's channel; for a job that ended, its last word. */
async function openFeed(c: AppContext): Promise<Response> {
  const { live, snapshot, jobId } = await currentProgress(c);
  return live
    ? await liveFeed(c.env.JOB_PROGRESS.getByName(jobId), c.req.raw)
    : farewellResponse(c.req.raw, snapshot);
}

interface CurrentProgress {
  jobId: string;
  snapshot: ProgressSnapshot;
  /** The channel has more to say, or at least its last word. */
  live: boolean;
}

/** What the channel knows, or D1 when it knows nothing (any more). */
async function currentProgress(c: AppContext): Promise<CurrentProgress> {
  const found = await findJob(c.env.DB, c.get("caller").owner, c.req.param("id") ?? "");
  const { job } = found;
  const channel = c.env.JOB_PROGRESS.getByName(job.id);
  const heard = job.hasChannel ? await channel.snapshot() : null;
  // What the channel still tells of an earlier run is over.
  const snapshot = heard && heard.run >= job.run ? heard : null;
  if (snapshot && job.finishedAt !== null && !hasEnded(snapshot)) return await tellEnd(c.env, found);
  if (snapshot) return { jobId: job.id, snapshot, live: true };
  const opened = job.finishedAt === null ? await channel.open() : null;
  if (opened) return { jobId: job.id, snapshot: opened, live: true };
  // It has ended, perhaps since the first look.
  const now = await findJob(c.env.DB, job.owner, job.id);
  return { jobId: job.id, snapshot: recordedSnapshot(now, await readTasks(c.env.DB, job.id)), live: false };
}

/** The channel missed the end of its job: it is told, and so is everyone who still watches. */
async function tellEnd(env: Env, found: JobWithOutputs): Promise<CurrentProgress> {
  const { job } = found;
  const channel = env.JOB_PROGRESS.getByName(job.id);
  const end = await readEnd(env.DB, job.id);
  if (end) await channel.record([{ type: "job_ended", ...end }]);
  const snapshot = (await channel.snapshot()) ?? recordedSnapshot(found, await readTasks(env.DB, job.id));
  return { jobId: job.id, snapshot, live: true };
}

function recordedSnapshot(
  { job, outputsFailed }: JobWithOutputs,
  tasks: readonly TaskRow[],
): ProgressSnapshot {
  return finalSnapshot({
    jobId: job.id,
    status: job.status,
    run: job.run,
    outputsFailed: outputsFailed.map(({ name, failure: { code, message } }) => ({ name, code, message })),
    stages: job.stages,
    currentStage: job.currentStage,
    progressPercentage: job.progressPercentage,
    updatedAtMs: job.finishedAt ?? job.startedAt ?? job.createdAt,
    tasks: tasks.map((task) => ({ ...task, taskId: task.id })),
  });
}
