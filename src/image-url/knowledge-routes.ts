import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import type { Env } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { findAlike, hashRow, type Likeness, MAX_DISTANCE, readHash, writeHash } from "../media/likeness.ts";
import type { MediaRecord } from "../media/record.ts";
import { describeMedia, findMedia, mediaDocument } from "../media/routes.ts";
import { readManyMedia } from "../media/store.ts";
import type { AppContext } from "../request-context.ts";
import { analyzed, learnedOf } from "./describe.ts";

/** What was learned of originals, and which of them look alike. */
export const knowledgeRoutes = createRoutes();

const metadata = createRoute({
  method: "get",
  path: "/v1/media/{id}/metadata",
  tags: ["media"],
  summary: "Read all that was learned of a media",
  description:
    "Of an image: size, format, compression, estimated quality, dpi, depth, colour, alpha, frames, orientation, technical EXIF, ICC profile, dominant colour, thumbhash, blurhash, perceptual hash and entropy. Of a video: its streams.",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description: "What is known",
      content: {
        "application/json": {
          schema: z
            .object({
              media_id: z.string(),
              kind: mediaDocument.shape.kind,
              type: z.string(),
              bytes: z.int(),
              sha256: z.string(),
              metadata: z.record(z.string(), z.unknown()),
            })
            .openapi("MediaMetadata"),
        },
      },
    },
  },
});

knowledgeRoutes.openapi(metadata, async (c) => {
  const media = await findMedia(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  const learned = media.kind === "image" ? await learnedOf(c.env, media) : media.metadata;
  const { id, kind, type, sizeBytes, sha256 } = media;
  return c.json({ media_id: id, kind, type, bytes: sizeBytes, sha256, metadata: learned }, 200);
});

const DEFAULT_DISTANCE = 8;

const similar = createRoute({
  method: "get",
  path: "/v1/media/{id}/similar",
  tags: ["media"],
  summary: "Find images that look like this one",
  description:
    "By a 64-bit perceptual hash: copies of another size, format, quality or slightly other crop differ in a few bits, other pictures in about 32. The nearest first; those that are the very same content have distance 0. A picture without features (one tone) is like none.",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: {
    params: z.object({ id: z.string() }),
    query: z.strictObject({
      /** Bits that may differ. */
      max_distance: z.coerce.number().int().min(0).max(MAX_DISTANCE).default(DEFAULT_DISTANCE),
      limit: z.coerce.number().int().min(1).max(100).default(20),
    }),
  },
  responses: {
    200: {
      description: "Images of the same owner that look alike",
      content: {
        "application/json": {
          schema: z
            .object({
              media_id: z.string(),
              perceptual_hash: z.string().nullable(),
              max_distance: z.int(),
              similar: z.array(z.object({ distance: z.int(), media: mediaDocument })),
              /** There may be more than are listed. */
              is_complete: z.boolean(),
            })
            .openapi("SimilarMedia"),
        },
      },
    },
  },
});

knowledgeRoutes.openapi(similar, async (c) => {
  const { owner } = c.get("caller");
  const media = await findMedia(c.env.DB, owner, c.req.valid("param").id);
  if (media.kind !== "image") throw new MediaError("not_found", "This media is no image.");
  const { max_distance, limit } = c.req.valid("query");
  const hash = await hashOf(c.env, media);
  const { alike, isComplete } =
    hash === null ? NOTHING : await findAlike(c.env.DB, owner, hash, max_distance);
  const others = alike.filter(({ mediaId }) => mediaId !== media.id);
  const listed = await listingOf(c, owner, others.slice(0, limit));
  const is_complete = isComplete && others.length <= limit;
  return c.json(
    { media_id: media.id, perceptual_hash: hash, max_distance, similar: listed, is_complete },
    200,
  );
});

const NOTHING = { alike: [], isComplete: true };

/** Those of them that are still stored, in their order. */
async function listingOf(c: AppContext, owner: string, alike: readonly Likeness[]) {
  const ids = alike.map(({ mediaId }) => mediaId);
  const records = await readManyMedia(c.env.DB, owner, ids);
  const { origin } = new URL(c.req.url);
  return alike.flatMap(({ mediaId, distance }) => {
    const record = records.get(mediaId);
    return record ? [{ distance, media: describeMedia(record, origin) }] : [];
  });
}

/** The hash that was learned with the media's first job; of media that none has looked at, from a look now. */
async function hashOf(env: Env, media: MediaRecord): Promise<string | null> {
  const known = await readHash(env.DB, media.id);
  if (known !== undefined) return known;
  const { perceptualHash } = await analyzed(env, media);
  await writeHash(env.DB, hashRow(media, perceptualHash));
  return perceptualHash;
}
