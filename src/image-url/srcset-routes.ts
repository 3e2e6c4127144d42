import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { configOf } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { type ImageProbe, orientedSize } from "../image/probe.ts";
import { findMedia } from "../media/routes.ts";
import { MAX_URL_SIDE_PX } from "./options.ts";
import { makeSrcset } from "./srcset.ts";

/** Image URLs for a page, signed here so that the page needs no key. */
export const srcsetRoutes = createRoutes();

const DEFAULT_WIDTHS = "320,640,960,1280,1920";
const MAX_WIDTHS = 20;

const widthList = z
  .string()
  .regex(/^\d{1,4}(,\d{1,4})*$/, "Widths in px, separated by commas")
  .transform((text) => text.split(",").map(Number))
  .pipe(z.array(z.int().min(1).max(MAX_URL_SIDE_PX)).max(MAX_WIDTHS));

const route = createRoute({
  method: "get",
  path: "/v1/media/{id}/srcset",
  tags: ["media"],
  summary: "Signed URLs of an image in several widths, as HTML wants them",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: {
    params: z.object({ id: z.string() }),
    query: z.strictObject({
      widths: widthList.default(DEFAULT_WIDTHS.split(",").map(Number)),
      options: z.string().max(500).default("format=auto"),
      sizes: z.string().max(500).default("100vw"),
      /** Seconds until the URLs stop working; they never do when it is absent. */
      expires_in: z.coerce.number().int().min(1).max(31_536_000).optional(),
    }),
  },
  responses: {
    200: {
      description: "The attributes, and the element that has them",
      content: {
        "application/json": {
          schema: z
            .object({
              src: z.string(),
              srcset: z.string(),
              sizes: z.string(),
              width: z.int(),
              height: z.int(),
              html: z.string(),
            })
            .openapi("Srcset"),
        },
      },
    },
  },
});

srcsetRoutes.openapi(route, async (c) => {
  const media = await findMedia(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  if (media.kind !== "image") throw new MediaError("not_found", "This media is no image.");
  const { widths, options, sizes, expires_in } = c.req.valid("query");
  const { publicOrigin, imageUrl } = configOf(c.env);
  const expiresAt = expires_in === undefined ? undefined : Math.floor(Date.now() / 1000) + expires_in;
  const order = {
    mediaId: media.id,
    mediaVersion: media.version,
    original: orientedSize(media.metadata as unknown as ImageProbe),
    widths,
    options,
    sizes,
    origin: publicOrigin,
    expiresAt,
  };
  return c.json(await makeSrcset(order, imageUrl.keys), 200);
});
