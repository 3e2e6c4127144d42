import { MediaError } from "../errors.ts";
import { requireListed } from "./remote-source.ts";
import { signatureOf } from "./signature.ts";

/**
 * Brings what stands behind the second mount into the form of `/img/…`. The source is a media id, a path of this host
 * that names one (`media/med_…`, `img/w=400/med_…/photo.jpg`), or such a path as an absolute URL of this host; or the
 * absolute URL of an image on a listed origin, which is left encoded as one segment.
 *
 * @param segments of the path behind the mount, still percent-encoded
 * @param own the URL of the request
 * @throws MediaError `forbidden` for another host, `not_found` where no media is named
 */
export function mountedPath(
  segments: readonly string[],
  own: URL,
  origins: readonly string[] = [],
): string[] {
  const signed = signatureOf(segments[0] ?? "") === undefined ? 1 : 2;
  const before = segments.slice(0, signed);
  const written = segments.slice(signed).join("/");
  const remote = absoluteUrl(written);
  if (remote && remote.host !== own.host) {
    requireListed(remote, origins);
    if (!/^https?%3A/i.test(written)) remote.search = withoutOwn(own.searchParams);
    return [...before, encodeURIComponent(remote.href)];
  }
  const source = localPath(written, remote);
  const at = source.findIndex((segment) => segment.startsWith("med_"));
  if (at < 0) throw new MediaError("not_found", "The source of an image URL is a media id of this service.");
  const filename = source.slice(at + 1).at(-1);
  return [...before, source[at] ?? "", ...(filename ? [filename] : [])];
}

/** What of the query belongs to the source: all but what this service reads. */
function withoutOwn(query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  rest.delete("exp");
  return rest.toString();
}

/** The segments of a source on this host. */
function localPath(source: string, url: URL | undefined): string[] {
  if (!url) return source.split("/");
  if (url.username !== "" || url.password !== "") requireListed(url, []);
  return url.pathname.split("/");
}

/** A source that is a URL; a doubled slash behind the scheme may have been folded on the way. */
function absoluteUrl(source: string): URL | undefined {
  const decoded = /^https?%3A/i.test(source) ? decodeWhole(source) : source;
  const scheme = /^(https?):\/{1,2}/i.exec(decoded);
  return scheme ? parseUrl(`${scheme[1]}://${decoded.slice(scheme[0].length)}`) : undefined;
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url) return url;
  throw new MediaError("not_found", "The source of an image URL is a media id of this service.");
}

function decodeWhole(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
