import { createRoute, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import type { AppContext } from "../request-context.ts";
import { objectResponse } from "./object-response.ts";
import type { MediaRecord } from "./record.ts";
import { listMedia, readMedia } from "./store.ts";

/** Reading originals and what is known of them. Deleting is in `retention/`. */
export const mediaRoutes = createRoutes();

export const mediaDocument = z
  .object({
    media_id: z.string(),
    kind: z.enum(["image", "video", "audio", "unknown"]),
    type: z.string(),
    filename: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    status: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    original_url: z.string(),
    created_at: z.iso.datetime(),
  })
  .openapi("Media");

const list = createRoute({
  method: "get",
  path: "/v1/media",
  tags: ["media"],
  summary: "List media, newest first",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().startsWith("med_").optional(),
      kind: z.enum(["image", "video", "audio"]).optional(),
    }),
  },
  responses: {
    200: {
      description: "A page of media; Link: rel=next names the one after",
      content: {
        "application/json": {
          schema: z.object({ media: z.array(mediaDocument), next_cursor: z.string().nullable() }),
        },
      },
    },
  },
});

mediaRoutes.openapi(list, async (c) => {
  const page = await listMedia(c.env.DB, c.get("caller").owner, c.req.valid("query"));
  const url = new URL(c.req.url);
  if (page.nextCursor) {
    url.searchParams.set("cursor", page.nextCursor);
    c.header("Link", `<${url}>; rel="next"`);
  }
  const media = page.media.map((record) => describeMedia(record, url.origin));
  return c.json({ media, next_cursor: page.nextCursor ?? null }, 200);
});

const get = createRoute({
  method: "get",
  path: "/v1/media/{id}",
  tags: ["media"],
  summary: "Read what is known of a media",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: "The media", content: { "application/json": { schema: mediaDocument } } },
  },
});

mediaRoutes.openapi(get, async (c) => {
  const record = await findMedia(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  return c.json(describeMedia(record, new URL(c.req.url).origin), 200);
});

mediaRoutes.openAPIRegistry.registerPath({
  method: "get",
  path: "/v1/media/{id}/original",
  tags: ["media"],
  summary: "Read the original, as it was sent",
  security: [{ key: [] }],
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: { description: "The file" }, 206: { description: "A range of it" } },
});
mediaRoutes.get("/v1/media/:id/original", requireScope("read"), async (c) => {
  const record = await findMedia(c.env.DB, c.get("caller").owner, c.req.param("id"));
  return await originalResponse(c, record);
});

/** The original as it was sent, for whoever may have it. */
export async function originalResponse(c: AppContext, record: MediaRecord): Promise<Response> {
  const filename = encodeURIComponent(record.filename);
  return await objectResponse(c.env.MEDIA, record.objectKey, c.req.raw, {
    type: record.type,
    // An original can be anything, an SVG with script included: it is never shown as a page of ours.
    headers: {
      "Content-Disposition": `attachment; filename*=UTF-8''${filename}`,
      "Cache-Control": "private, max-age=3600",
      "Content-Security-Policy": "sandbox; default-src 'none'",
    },
  });
}

/**
 * One media of this owner.
 *
 * @throws MediaError `not_found`, also for another owner's.
 */
export async function findMedia(d1: D1Database, owner: string, mediaId: string): Promise<MediaRecord> {
  const found = isId("media", mediaId) ? await readMedia(d1, owner, mediaId) : undefined;
  if (!found) throw new MediaError("not_found", `There is no media ${JSON.stringify(mediaId.slice(0, 64))}.`);
  return found;
}

/** A media as answers show it. */
export function describeMedia(record: MediaRecord, origin: string): z.infer<typeof mediaDocument> {
  return {
    media_id: record.id,
    kind: record.kind,
    type: record.type,
    filename: record.filename,
    bytes: record.sizeBytes,
    sha256: record.sha256,
    status: record.status,
    metadata: record.metadata,
    original_url: `${origin}/v1/media/${record.id}/original`,
    created_at: new Date(record.createdAt).toISOString(),
  };
}
