import { createRoute, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { describeFailure, failureDocument } from "./dead-letter-document.ts";
import { findJob } from "./routes.ts";
import { readHistory } from "./store/read-timeline.ts";
import { TIMELINE_EVENTS, type TimelineEntry, timelineOf } from "./timeline.ts";

/** What happened to a job, transition by transition. */
export const timelineRoutes = createRoutes();

const time = z.iso.datetime();

const entryDocument = z
  .object({
    at: time,
    event: z.enum(TIMELINE_EVENTS),
    run: z.int(),
    task_id: z.string().optional(),
    kind: z.string().optional(),
    lane: z.string().optional(),
    attempt: z.int().optional(),
    worker_id: z.string().optional(),
    duration: z.number().optional().openapi({ description: "Seconds that the attempt took" }),
    peak_memory_bytes: z.int().optional(),
    cpu_seconds: z.number().optional().openapi({
      description:
        "Processor time of the processes that it ran. Absent at the edge, where the runtime does not tell",
    }),
    retry_at: time.optional(),
    output: z.string().optional(),
    bytes: z.int().optional(),
    error: failureDocument.optional(),
  })
  .openapi("TimelineEntry");

const timeline = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/timeline",
  tags: ["jobs"],
  summary: "Read every transition and attempt of a job, in order",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description: "Oldest first. Keys with the scope admin also read what the tools said",
      content: {
        "application/json": {
          schema: z.object({
            job_id: z.string(),
            run: z.int(),
            timeline: z.array(entryDocument),
            history_removed_at: time.nullable().openapi({
              description: "When tasks and attempts were forgotten, some days after the job's end",
            }),
          }),
        },
      },
    },
  },
});

timelineRoutes.openapi(timeline, async (c) => {
  const { owner, scopes } = c.get("caller");
  const { job } = await findJob(c.env.DB, owner, c.req.valid("param").id);
  const entries = timelineOf(await readHistory(c.env.DB, job));
  const showsDetail = scopes.includes("admin");
  const shown = entries.map((entry) => describeEntry(entry, showsDetail));
  const { historyRemovedAt } = job;
  const removed = historyRemovedAt === null ? null : isoTime(historyRemovedAt || Date.now());
  return c.json({ job_id: job.id, run: job.run, timeline: shown, history_removed_at: removed }, 200);
});

function describeEntry(entry: TimelineEntry, showsDetail: boolean): z.infer<typeof entryDocument> {
  const { task, attempt, failure, retryAtMs, output } = entry;
  return {
    at: isoTime(entry.atMs),
    event: entry.event,
    run: entry.run,
    ...(task && { task_id: task.id, kind: task.kind, lane: task.lane }),
    ...(attempt && { attempt: attempt.number, worker_id: attempt.workerId }),
    ...(typeof attempt?.durationMs === "number" && { duration: attempt.durationMs / 1000 }),
    ...(typeof attempt?.peakMemoryBytes === "number" && { peak_memory_bytes: attempt.peakMemoryBytes }),
    ...(typeof attempt?.cpuSeconds === "number" && { cpu_seconds: attempt.cpuSeconds }),
    ...(retryAtMs !== undefined && { retry_at: isoTime(retryAtMs) }),
    ...(output && { output: output.name }),
    ...(output?.bytes !== undefined && { bytes: output.bytes }),
    ...(failure && { error: describeFailure(failure, showsDetail) }),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
