import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { slotBehind, slotsOfSize } from "../processing/slots.ts";

/** Whether the service is up, for load balancers and people. */
export const healthRoutes = createRoutes();

healthRoutes.openAPIRegistry.registerPath({
  method: "get",
  path: "/healthz",
  tags: ["health"],
  summary: "Whether the worker is alive",
  responses: { 200: { description: "Alive" } },
});
healthRoutes.get("/healthz", (c) => c.json({ status: "ok" }));

healthRoutes.openAPIRegistry.registerPath({
  method: "get",
  path: "/readyz",
  tags: ["health"],
  summary: "Whether every part answers",
  description:
    "D1 and R2 are asked each time; the transcoder only with `?deep=1`, so that a probe wakes no container.",
  responses: { 200: { description: "Every part answers" }, 503: { description: "Some part does not" } },
});
healthRoutes.get("/readyz", async (c) => {
  const parts: Record<string, Promise<unknown>> = {
    d1: drizzle(c.env.DB).get(sql`SELECT count(*) FROM jobs WHERE id = ''`),
    r2: c.env.MEDIA.head("readyz"),
  };
  if (c.req.query("deep") === "1") parts.transcoder = askTranscoder(c.env);
  const answers = await Promise.all(
    Object.entries(parts).map(async ([part, answer]) => [part, await answer.then(ok, failed)] as const),
  );
  const isReady = answers.every(([, state]) => state === "ok");
  return c.json(
    { status: isReady ? "ok" : "unavailable", parts: Object.fromEntries(answers) },
    isReady ? 200 : 503,
  );
});

const ok = () => "ok" as const;
const failed = () => "unavailable" as const;

async function askTranscoder(env: Env): Promise<void> {
  const [slot] = slotsOfSize(env, "standard");
  if (!slot || !(await slotBehind(env, slot).isReachable(slot.name)))
    throw new Error("the transcoder does not answer");
}
