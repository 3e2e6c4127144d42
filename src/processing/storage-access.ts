import { z } from "zod";
import { signToken, verifyToken } from "../access/token.ts";
import { configOf, type Env } from "../config.ts";
import { MediaError, toMediaError } from "../errors.ts";
import { holdsLease } from "../jobs/store/renew-lease.ts";
import { objectResponse } from "../media/object-response.ts";
import { problemDocument } from "../problem.ts";

/** Host that a container without internet reaches: its outbound handler is {@link serveStorage}. */
export const STORAGE_HOST = "media.storage";
export const STORAGE_PATH = "/internal/storage";

/** What one run may touch; it travels as a signed token inside the URLs of its task. */
const grant = z.strictObject({
  readKey: z.string(),
  /** Logos that pictures are marked with. */
  logoKeys: z.array(z.string()).optional(),
  /** What other tasks of the same job have encoded. */
  partsPrefix: z.string().optional(),
  writePrefix: z.string(),
  /** Of a task: nothing is written any more once it is lost. */
  lease: z.strictObject({ taskId: z.string(), token: z.string() }).optional(),
});
type Grant = z.infer<typeof grant>;

interface StorageUrls {
  inputUrl: string;
  outputBaseUrl: string;
  /** One for each of `logoKeys`, in their order. */
  logoUrls: string[];
  /** Folder of `partsPrefix`. */
  partsUrl: string;
}

/** The URLs through which the transcoder reads the original and writes its files. */
export async function storageUrls(env: Env, claims: Grant, expiresAtMs: number): Promise<StorageUrls> {
  const config = configOf(env);
  const token = await signToken(config.tokenSecret, "storage", claims, expiresAtMs);
  const origin = config.transcoderUrl ? config.localOrigin : `http://${STORAGE_HOST}`;
  const base = `${origin}${STORAGE_PATH}/${token}`;
  const logoUrls = (claims.logoKeys ?? []).map((_, index) => `${base}/logo/${index}`);
  return { inputUrl: `${base}/input`, outputBaseUrl: `${base}/files`, logoUrls, partsUrl: `${base}/parts` };
}

/**
 * Answers the transcoder: `GET /internal/storage/<token>/input` `…/logo/<n>` and `…/parts/<path>` with Range, `PUT …/files/<path>`. Nothing else can be
 * reached, and nothing can be written once the attempt's lease is gone.
 */
export async function serveStorage(request: Request, env: Env): Promise<Response> {
  const [token = "", area = "", ...path] = new URL(request.url).pathname
    .slice(STORAGE_PATH.length + 1)
    .split("/");
  const claims = grant.safeParse(await verifyToken(configOf(env).tokenSecret, "storage", token, Date.now()));
  if (!claims.success) throw new MediaError("not_found", "There is nothing here.");
  const key = readableKey(claims.data, area, path);
  if (key !== undefined && (request.method === "GET" || request.method === "HEAD")) {
    return await objectResponse(env.MEDIA, key, request, { type: "application/octet-stream" });
  }
  if (area === "files" && request.method === "PUT") {
    return await storeFile(env, claims.data, path, request);
  }
  throw new MediaError("not_found", "There is nothing here.");
}

function readableKey(
  { readKey, logoKeys = [], partsPrefix }: Grant,
  area: string,
  path: string[],
): string | undefined {
  if (area === "parts" && partsPrefix !== undefined && path.length > 0) {
    return path.every((name) => SAFE_SEGMENT.test(name)) ? partsPrefix + path.join("/") : undefined;
  }
  if (area === "input" && path.length === 0) return readKey;
  return area === "logo" && /^\d$/.test(path.join("/")) ? logoKeys[Number(path[0])] : undefined;
}

/** One path segment, decoded: no slash and no leading dot, so no way out of the prefix. */
const SAFE_SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._,=-]*$/;

async function storeFile(
  env: Env,
  { writePrefix, lease }: Grant,
  path: string[],
  request: Request,
): Promise<Response> {
  const names = path.map(decodeSegment);
  if (names.length === 0 || !names.every((name) => SAFE_SEGMENT.test(name))) {
    throw new MediaError(
      "invalid_request",
      "The path of a file is made of letters, digits, dots and dashes.",
    );
  }
  if (!(await mayWrite(env, lease))) throw leaseLost();
  if (!request.body) throw new MediaError("empty_body", "A file needs a body.");
  const contentType = request.headers.get("Content-Type") ?? "application/octet-stream";
  const key = writePrefix + names.join("/");
  const stored = await env.MEDIA.put(key, request.body, { httpMetadata: { contentType } });
  // Whoever took the lease back has swept the prefix by now; what arrived after that would stay for ever.
  if (!(await mayWrite(env, lease))) {
    await env.MEDIA.delete(key);
    throw leaseLost();
  }
  return Response.json({ bytes: stored.size });
}

async function mayWrite(env: Env, lease: Grant["lease"]): Promise<boolean> {
  return !lease || (await holdsLease(env.DB, lease.taskId, lease.token));
}

function leaseLost(): MediaError {
  return new MediaError("conflict", "The lease of this task was taken back.");
}

/** Percent-decoded once; what cannot be decoded stays as it is, and is refused for its percent sign. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A refusal as the transcoder reads it: only the status matters to it. */
export function storageFailure(thrown: unknown): Response {
  const error = toMediaError(thrown);
  return Response.json(problemDocument(error), { status: error.status, headers: error.headers });
}
