import { z } from "@hono/zod-openapi";
import { authenticateWatcher, requireScope } from "../access/authenticate.ts";
import { createRoutes, KEY_OR_WATCH_TOKEN } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import { readOutput, readStreams } from "../jobs/store/read-jobs.ts";
import { jobPrefix } from "../media/object-keys.ts";
import { objectResponse } from "../media/object-response.ts";
import type { AppContext } from "../request-context.ts";
import { pathInTree } from "./path-in-tree.ts";
import { withToken } from "./signed-playlist.ts";
import { typeOfTreeFile } from "./stream-files.ts";

/** Results of jobs: files by name, and streams with their playlists and segments. */
export const deliveryRoutes = createRoutes();

/** An output's bytes never change under its URL, but only its owner may see them. */
const CACHE = { "Cache-Control": "private, max-age=31536000, immutable" };
const watcher = [authenticateWatcher("job"), requireScope("read")] as const;
const described = { tags: ["results"], security: KEY_OR_WATCH_TOKEN };

deliveryRoutes.openAPIRegistry.registerPath({
  ...described,
  method: "get",
  path: "/outputs/{job}/{name}",
  summary: "Read an output",
  request: { params: z.object({ job: z.string(), name: z.string() }) },
  responses: { 200: { description: "The file" }, 206: { description: "A range of it" } },
});
deliveryRoutes.get("/outputs/:job/:name", ...watcher, async (c) => {
  const { job, name } = c.req.param();
  const output = isId("job", job) ? await readOutput(c.env.DB, c.get("caller").owner, job, name) : undefined;
  if (!output) throw new MediaError("not_found", "This job has no such output.");
  const { objectKey, type } = output;
  const response = await objectResponse(c.env.MEDIA, objectKey, c.req.raw, { type, headers: CACHE });
  const token = c.req.query("token");
  return type === "text/vtt" && token !== undefined ? await withToken(response, token) : response;
});

deliveryRoutes.openAPIRegistry.registerPath({
  ...described,
  method: "get",
  path: "/play/{job}/{path}",
  summary: "Play a stream",
  description:
    "Start at `master.m3u8` (HLS) or `manifest.mpd` (DASH). With `?token=` the manifests pass the token on to all they name.",
  request: { params: z.object({ job: z.string(), path: z.string() }) },
  responses: { 200: { description: "A manifest or a segment" }, 206: { description: "A range of it" } },
});
deliveryRoutes.get("/play/:job/:path{.+}", ...watcher, async (c) => {
  const key = await treeKey(c);
  const type = typeOfTreeFile(key);
  const response = await objectResponse(c.env.MEDIA, key, c.req.raw, { type, headers: CACHE });
  const token = c.req.query("token");
  return /\.(m3u8|mpd)$/.test(key) && token !== undefined ? await withToken(response, token) : response;
});

/** The object behind a path of the job's stream. */
async function treeKey(c: AppContext): Promise<string> {
  const { job = "", path = "" } = c.req.param() as Record<string, string>;
  const [stream] = isId("job", job) ? await readStreams(c.env.DB, c.get("caller").owner, job) : [];
  if (!stream?.tree?.length) throw new MediaError("not_found", "This job has no stream.");
  return jobPrefix(job) + pathInTree(path, stream.tree, stream.stream);
}
