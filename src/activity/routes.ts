import { createRoute, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import type { AppContext } from "../request-context.ts";
import { ACTIVITIES, FILE_KINDS } from "../schema/shipping.ts";
import { describeEntry, entryDocument, lineOf } from "./entry.ts";
import { listActivity } from "./store.ts";

/** Which worker stored, shipped or received which file; kept for 30 days. */
export const activityRoutes = createRoutes();

const time = z.iso.datetime({ offset: true }).optional();

const list = createRoute({
  method: "get",
  path: "/v1/activity",
  tags: ["activity"],
  summary: "List what happened to files, newest first, as JSON or as lines of text",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().startsWith("act_").optional(),
      type: z.enum(ACTIVITIES).optional(),
      file_kind: z.enum(FILE_KINDS).optional(),
      worker: z.string().max(100).optional(),
      job_id: z.string().startsWith("job_").optional(),
      created_after: time,
      created_before: time,
    }),
  },
  responses: {
    200: {
      description: "A page of entries; Link: rel=next names the one after",
      content: {
        "application/json": {
          schema: z.object({ activity: z.array(entryDocument), next_cursor: z.string().nullable() }),
        },
        "text/plain": {
          schema: z
            .string()
            .openapi({ example: "[2026-01-15 14:30:45] WORKER: worker-1 | IMAGE: watermarked_photo.jpg" }),
        },
      },
    },
  },
});

activityRoutes.openapi(list, async (c) => {
  const type = preferredType(c as AppContext);
  const { file_kind, job_id, created_after, created_before, ...query } = c.req.valid("query");
  const { entries, nextCursor } = await listActivity(c.env.DB, c.get("caller").owner, {
    ...query,
    fileKind: file_kind,
    jobId: job_id,
    createdAfterMs: created_after === undefined ? undefined : Date.parse(created_after),
    createdBeforeMs: created_before === undefined ? undefined : Date.parse(created_before),
  });
  if (nextCursor !== undefined) {
    const next = new URL(c.req.url);
    next.searchParams.set("cursor", nextCursor);
    c.header("Link", `<${next}>; rel="next"`);
  }
  if (type === "text/plain") return c.text(entries.map((entry) => `${lineOf(entry)}\n`).join(""), 200);
  return c.json({ activity: entries.map(describeEntry), next_cursor: nextCursor ?? null }, 200);
});

const TYPES = ["application/json", "text/plain"] as const;

function preferredType(c: AppContext): string {
  const header = c.req.header("Accept");
  const takesAnything = header === undefined || /(^|,)\s*(\*|application)\/\*/.test(header);
  const type = accepts(c, { header: "Accept", supports: [...TYPES], default: takesAnything ? TYPES[0] : "" });
  if (type !== "") return type;
  throw new MediaError("not_acceptable", "Activity can be read as application/json or text/plain.");
}
