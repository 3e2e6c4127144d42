import { MediaError } from "../errors.ts";

/** R2 fails on a longer key, instead of not finding it. */
const MAX_KEY_BYTES = 1024;

interface ResponseOptions {
  /** MIME type; the object's own is not trusted. */
  type: string;
  headers?: Record<string, string>;
}

/**
 * An R2 object as an HTTP answer: streamed, with strong ETag, `If-None-Match`, HEAD and one byte range (RFC 9110
 * §14; several ranges are answered with the whole, as it allows).
 *
 * @throws MediaError `not_found` when there is no such object, `range_not_satisfiable`.
 */
export async function objectResponse(
  bucket: R2Bucket,
  key: string,
  request: Request,
  options: ResponseOptions,
): Promise<Response> {
  const found = new TextEncoder().encode(key).length <= MAX_KEY_BYTES && (await bucket.head(key));
  if (!found) throw new MediaError("not_found", "This file is not in storage any more.");
  const headers = new Headers({
    "Content-Type": options.type,
    ETag: found.httpEtag,
    "Last-Modified": found.uploaded.toUTCString(),
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
    ...options.headers,
  });
  if (matches(request.headers.get("If-None-Match"), found.httpEtag))
    return new Response(null, { status: 304, headers });
  const range = rangeOf(request, found);
  const length = range ? range.length : found.size;
  headers.set("Content-Length", String(length));
  if (range) headers.set("Content-Range", `bytes ${range.offset}-${range.offset + length - 1}/${found.size}`);
  const status = range ? 206 : 200;
  if (request.method === "HEAD") return new Response(null, { status, headers });
  const object = await bucket.get(key, { range, onlyIf: { etagMatches: found.etag } });
  if (!object || !("body" in object))
    throw new MediaError("not_found", "This file is not in storage any more.");
  return new Response(object.body, { status, headers });
}

function matches(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  const candidates = ifNoneMatch.split(",").map((candidate) => candidate.trim().replace(/^W\//, ""));
  return candidates.includes("*") || candidates.includes(etag);
}

/** The one range asked for, clipped to the file; undefined asks for the whole, as every unit but bytes does (RFC 9110 §14.2). */
function rangeOf(request: Request, object: R2Object): { offset: number; length: number } | undefined {
  const header = request.headers.get("Range");
  const ifRange = request.headers.get("If-Range");
  if (header === null || (ifRange !== null && ifRange !== object.httpEtag)) return undefined;
  if (!/^bytes\s*=/i.test(header.trim())) return undefined;
  const parsed = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (!parsed) {
    if (/^bytes=[\d\s,-]+$/.test(header.trim()) && header.includes(",")) return undefined;
    throw unsatisfiable(header, object.size);
  }
  const [, first = "", last = ""] = parsed;
  if (first === "" && last === "") throw unsatisfiable(header, object.size);
  const offset = first === "" ? Math.max(0, object.size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? object.size - 1 : Math.min(Number(last), object.size - 1);
  if (offset > end || (first === "" && Number(last) === 0)) throw unsatisfiable(header, object.size);
  return { offset, length: end - offset + 1 };
}

function unsatisfiable(header: string, size: number): MediaError {
  return new MediaError(
    "range_not_satisfiable",
    `${header.slice(0, 60)} lies outside the file's ${size} bytes.`,
    {
      headers: { "Content-Range": `bytes */${size}` },
    },
  );
}
