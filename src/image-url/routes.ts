import { z } from "@hono/zod-openapi";
import { configOf } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import type { AppContext } from "../request-context.ts";
import { deliverDerivative } from "./delivery.ts";
import { signatureOf, verifyImagePath } from "./signature.ts";

/** Images on demand: any size of any image, by URL. */
export const imageUrlRoutes = createRoutes();

imageUrlRoutes.openAPIRegistry.registerPath({
  method: "get",
  path: "/img/{options}/{media}",
  tags: ["images"],
  summary: "Read an image in any size",
  description:
    "Options as in `w=400,h=300,fit=cover,q=80,f=auto`; signed as `/img/s--<signature>/<options>/<media>`.",
  request: { params: z.object({ options: z.string(), media: z.string() }) },
  responses: { 200: { description: "The image" }, 304: { description: "Not modified" } },
});

imageUrlRoutes.get("/img/*", async (c) => {
  const { options, mediaId } = await authorizedPath(c);
  return await deliverDerivative(c, options, mediaId);
});

/** The options and the media of the URL, after its signature was checked, which comes before anything is parsed. */
async function authorizedPath(c: AppContext): Promise<{ options: string; mediaId: string }> {
  const url = new URL(c.req.url);
  const segments = url.pathname.split("/").slice(2);
  const signature = signatureOf(segments[0] ?? "");
  const [options, mediaId] = signature === undefined ? segments : segments.slice(1);
  if (!options || !mediaId) {
    throw new MediaError("not_found", "An image URL is /img/<options>/<media id>, such as /img/w=400/med_….");
  }
  const config = configOf(c.env);
  if (signature !== undefined || config.imageUrlPolicy === "signed") {
    const exp = url.searchParams.get("exp");
    const expiresAt = exp === null ? undefined : Number(exp);
    const keys = { current: config.tokenSecret };
    await verifyImagePath({ options, mediaId, expiresAt }, signature ?? "", keys, Date.now() / 1000);
  }
  return { options, mediaId };
}
