import { z } from "@hono/zod-openapi";
import { configOf } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { type ImageProbe, orientedSize } from "../image/probe.ts";
import type { AppContext } from "../request-context.ts";
import { deliverDerivative, findImage } from "./delivery.ts";
import { INFO_TYPE, imageInformation } from "./iiif/info.ts";
import { parseIiifRequest } from "./iiif/request.ts";

/** The IIIF Image API 3.0, level 2, over the engine of `/img/…`: for viewers that ask for tiles of large pictures. */
export const iiifRoutes = createRoutes();

const PROFILE = '<http://iiif.io/api/image/3/level2.json>;rel="profile"';
const params = z.object({ id: z.string() });

iiifRoutes.openAPIRegistry.registerPath({
  method: "get",
  path: "/iiif/3/{id}/info.json",
  tags: ["images"],
  summary: "What a IIIF viewer needs to know of an image",
  request: { params },
  responses: { 200: { description: "Image information (IIIF Image API 3.0 §5)" } },
});
iiifRoutes.openAPIRegistry.registerPath({
  method: "get",
  path: "/iiif/3/{id}/{region}/{size}/{rotation}/{file}",
  tags: ["images"],
  summary: "Read a part of an image in any size, as IIIF viewers do",
  description: "`full/400,/0/default.jpg`, `0,0,512,512/256,/90/gray.png`. Served where the policy is open.",
  request: {
    params: params.extend({ region: z.string(), size: z.string(), rotation: z.string(), file: z.string() }),
  },
  responses: { 200: { description: "The image" } },
});

/** Viewers are pages of other sites, and read what everybody may see (Image API 3.0 §7.3). */
iiifRoutes.use("/iiif/3/*", async function allowViewers(c, next) {
  if (configOf(c.env).imageUrl.policy !== "open")
    throw new MediaError("forbidden", "IIIF is served only where image URLs need no signature.");
  await next();
  c.res.headers.set("Access-Control-Allow-Origin", "*");
  c.res.headers.append("Link", PROFILE);
});

iiifRoutes.get("/iiif/3/:id", (c) => c.redirect(`${baseOf(c)}/info.json`, 303));

iiifRoutes.get("/iiif/3/:id/info.json", async (c) => {
  const media = await findImage(c, c.req.param("id"));
  const size = orientedSize(media.metadata as unknown as ImageProbe);
  const isLinked = (c.req.header("Accept") ?? "").includes("application/ld+json");
  return c.json(imageInformation(baseOf(c), size), 200, {
    "Content-Type": isLinked ? INFO_TYPE : "application/json",
    "Cache-Control": "public, max-age=86400",
    Vary: "Accept",
  });
});

iiifRoutes.get("/iiif/3/:id/:region/:size/:rotation/:file", async (c) => {
  const { id, region, size, rotation, file } = c.req.param();
  const media = await findImage(c, id);
  const upright = orientedSize(media.metadata as unknown as ImageProbe);
  const options = parseIiifRequest([region, size, rotation, file], upright);
  const asked = {
    options,
    mediaId: id,
    filename: undefined,
    expiresAt: undefined,
    isSigned: false,
    version: undefined,
  };
  return await deliverDerivative(c, asked);
});

function baseOf(c: AppContext): string {
  const { publicOrigin } = configOf(c.env);
  return `${publicOrigin || new URL(c.req.url).origin}/iiif/3/${encodeURIComponent(c.req.param("id") ?? "")}`;
}
