import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { LANES, SLOT_SIZES, TASK_KINDS } from "../schema/tasks.ts";
import { describeWorkers } from "./workers.ts";

/** What the workers do, for operators. */
export const workerRoutes = createRoutes();

const fill = z.object({ used_bytes: z.number(), total_bytes: z.number() }).nullable();

/** @param what has to be installed for it */
function capability(what: string) {
  return z
    .boolean()
    .nullable()
    .openapi({ description: `Whether it has ${what}; null: it was never asked` });
}

const worker = z
  .object({
    name: z.string(),
    size: z.enum(SLOT_SIZES),
    state: z.enum(["starting", "idle", "processing", "draining", "failed"]),
    accepts_work: z.boolean().nullable().openapi({
      description: "false: its memory or disk is too full, or it is shutting down; null: it sleeps",
    }),
    tasks: z.array(
      z.object({
        task_id: z.string(),
        job_id: z.string(),
        kind: z.enum(TASK_KINDS),
        attempt: z.number(),
        started_at: z.string(),
      }),
    ),
    cpu_percent: z.number().nullable(),
    memory: fill,
    disk: fill,
    process_bytes: z.number().nullable(),
    cores: z.number().nullable(),
    tasks_ended: z.number().nullable(),
    ffmpeg_version: z.string().nullable(),
    encoders: z.array(z.string()),
    hardware_encoders: z
      .array(z.object({ name: z.string(), frames_per_second: z.number() }))
      .openapi({ description: "Found, and tried with 1280×720 when the container started; not used" }),
    decodes_heic: capability("libheif's tools with a decoder for HEVC"),
    decodes_bmp: capability("ffmpeg's decoder for BMP"),
    finds_faces: capability("the detector that crops on faces need"),
    measured_at: z.string().nullable(),
  })
  .openapi("Worker");

const lane = z
  .object({
    lane: z.enum(LANES),
    capacity: z.number(),
    leased: z.number(),
    load: z.number().openapi({ description: "Leased tasks by capacity, 0–1" }),
    ready: z.object({ urgent: z.number(), high: z.number(), normal: z.number(), low: z.number() }),
    oldest_seconds: z
      .number()
      .nullable()
      .openapi({ description: "Since when the oldest ready task could run" }),
    over_sla_seconds: z.number(),
  })
  .openapi("Lane");

const breaker = z
  .object({
    dependency: z.string(),
    state: z.enum(["closed", "open", "half_open"]),
    failures: z.number(),
    open_until: z.string().nullable(),
  })
  .openapi("Breaker");

const list = createRoute({
  method: "get",
  path: "/v1/workers",
  tags: ["health"],
  summary: "What every worker, lane and breaker does now",
  description:
    "Figures of a container are asked for while it works; one that sleeps shows its last ones, and is woken only with `deep=1`.",
  security: [{ key: [] }],
  middleware: [requireScope("admin")] as const,
  request: { query: z.strictObject({ deep: z.enum(["0", "1"]).optional() }) },
  responses: {
    200: {
      description: "Workers, lanes and breakers",
      content: {
        "application/json": {
          schema: z.object({ workers: z.array(worker), lanes: z.array(lane), breakers: z.array(breaker) }),
        },
      },
    },
  },
});

workerRoutes.openapi(list, async (c) =>
  c.json(await describeWorkers(c.env, c.req.valid("query").deep === "1", Date.now()), 200),
);
