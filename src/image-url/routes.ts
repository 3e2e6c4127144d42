import { z } from "@hono/zod-openapi";
import { configOf } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import type { AppContext } from "../request-context.ts";
import { readAskedImage } from "./asked-image.ts";
import { deliverDerivative, deliverOriginal } from "./delivery.ts";
import { mountedPath } from "./mount.ts";
import { OPTION_ROWS } from "./options.ts";
import { ORIGINAL_SEGMENT } from "./signature.ts";

/** Images on demand: any size of any image, by URL. */
export const imageUrlRoutes = createRoutes();

const OPTION_LIST = Object.entries(OPTION_ROWS)
  .map(([name, { meaning, value }]) => `- \`${name}\`: ${value.allowed}. ${meaning}`)
  .join("\n");

imageUrlRoutes.openAPIRegistry.registerPath({
  method: "get",
  path: "/img/{options}/{media}",
  tags: ["images"],
  summary: "Read an image in any size",
  description: `Options as in \`w=400,h=300,fit=cover,q=80,f=auto\`; signed as \`/img/s--<signature>/<options>/<media>\`, with \`?exp=\` when it expires. Also served under Cloudflare's path, \`/cdn-cgi/image/<options>/<media>\`.\n\n${OPTION_LIST}`,
  request: {
    params: z.object({ options: z.string(), media: z.string() }),
    query: z.object({ exp: z.string().optional(), v: z.string().optional() }),
  },
  responses: {
    200: { description: "The image" },
    206: { description: "A range of it" },
    304: { description: "Not modified" },
  },
});

imageUrlRoutes.get("/img/*", async (c) => await serve(c, segmentsOf(c, "/img")));

/** The second mount is a matter of configuration, so it is looked for among the paths that no route has. */
imageUrlRoutes.use(async function serveMount(c, next) {
  const { mount, origins } = configOf(c.env).imageUrl;
  const isMounted = mount !== "" && new URL(c.req.url).pathname.startsWith(`${mount}/`);
  if (!isMounted || !["GET", "HEAD"].includes(c.req.method)) return await next();
  return await serve(c, mountedPath(segmentsOf(c, mount), new URL(c.req.url), origins));
});

function segmentsOf(c: AppContext, mount: string): string[] {
  return new URL(c.req.url).pathname.slice(mount.length + 1).split("/");
}

async function serve(c: AppContext, segments: string[]): Promise<Response> {
  const { imageUrl } = configOf(c.env);
  const query = new URL(c.req.url).searchParams;
  if (segments[1] === ORIGINAL_SEGMENT && segments.length === 3) return await deliverOriginal(c, segments);
  return await deliverDerivative(c, await readAskedImage(segments, query, imageUrl, Date.now() / 1000));
}
