import { z } from "@hono/zod-openapi";
import { authenticateWatcher, requireScope } from "../access/authenticate.ts";
import { configOf } from "../config.ts";
import { createRoutes, KEY_OR_WATCH_TOKEN } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import { readOutput, readStreams } from "../jobs/store/read-jobs.ts";
import { jobPrefix } from "../media/object-keys.ts";
import { objectResponse } from "../media/object-response.ts";
import type { AppContext } from "../request-context.ts";
import { parseKeyName, segmentKey, streamRoot } from "../video/segment-keys.ts";
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
  const token = type === "text/vtt" ? c.req.query("token") : undefined;
  return await fileOrSigned(c, objectKey, type, token);
});

deliveryRoutes.openAPIRegistry.registerPath({
  ...described,
  method: "get",
  path: "/play/{job}/keys/{name}",
  summary: "Read a key of an encrypted stream",
  request: { params: z.object({ job: z.string(), name: z.string() }) },
  responses: { 200: { description: "16 bytes" } },
});
deliveryRoutes.get("/play/:job/keys/:name", ...watcher, async (c) => {
  const { job, name } = c.req.param();
  const stream = await streamOf(c, job);
  const asked = parseKeyName(name);
  if (!stream.stream?.encryption || !asked || !Object.hasOwn(stream.stream.segments, asked.trackId)) {
    throw new MediaError("not_found", "This stream has no such key.");
  }
  const root = await streamRoot(configOf(c.env).tokenSecret, job);
  const key = await segmentKey(root, asked.trackId, asked.keyNumber);
  return c.body(key, 200, {
    "Content-Type": "application/octet-stream",
    "Cache-Control": "private, no-store",
  });
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
  const token = /\.(m3u8|mpd)$/.test(key) ? c.req.query("token") : undefined;
  return await fileOrSigned(c, key, typeOfTreeFile(key), token);
});

/**
 * A stored file; one that passes a token on is another text than the stored one, so that ranges and validators of that
 * say nothing of it, and it is answered whole.
 */
async function fileOrSigned(c: AppContext, key: string, type: string, token: string | undefined) {
  const options = { type, headers: CACHE };
  if (token === undefined) return await objectResponse(c.env.MEDIA, key, c.req.raw, options);
  const { url, method } = c.req;
  return await withToken(
    await objectResponse(c.env.MEDIA, key, new Request(url, { method }), options),
    token,
  );
}

/** The object behind a path of the job's stream. */
async function treeKey(c: AppContext): Promise<string> {
  const { job = "", path = "" } = c.req.param() as Record<string, string>;
  const { tree, stream } = await streamOf(c, job);
  return jobPrefix(job) + pathInTree(path, tree, stream);
}

async function streamOf(c: AppContext, job: string) {
  const [found] = isId("job", job) ? await readStreams(c.env.DB, c.get("caller").owner, job) : [];
  if (!found?.tree?.length) throw new MediaError("not_found", "This job has no stream.");
  return { ...found, tree: found.tree };
}
