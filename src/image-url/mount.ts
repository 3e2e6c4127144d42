import { MediaError } from "../errors.ts";
import { signatureOf } from "./signature.ts";

/**
 * Brings what stands behind the second mount into the form of `/img/…`. The source is a media id, a path of this host
 * that names one (`media/med_…`, `img/w=400/med_…/photo.jpg`), or such a path as an absolute URL of this host. Nothing
 * is ever fetched from anywhere, so there is nothing that a URL could make this service reach.
 *
 * @param segments of the path behind the mount, still percent-encoded
 * @param own the URL of the request
 * @throws MediaError `forbidden` for another host, `not_found` where no media is named
 */
export function mountedPath(segments: readonly string[], own: URL): string[] {
  const signed = signatureOf(segments[0] ?? "") === undefined ? 1 : 2;
  const before = segments.slice(0, signed);
  const source = localPath(segments.slice(signed).join("/"), own);
  const at = source.findIndex((segment) => segment.startsWith("med_"));
  if (at < 0) throw new MediaError("not_found", "The source of an image URL is a media id of this service.");
  const filename = source.slice(at + 1).at(-1);
  return [...before, source[at] ?? "", ...(filename ? [filename] : [])];
}

/** The segments of a source on this host; a doubled slash behind the scheme may have been folded on the way. */
function localPath(source: string, own: URL): string[] {
  const decoded = /^https?%3A/i.test(source) ? decodeWhole(source) : source;
  const scheme = /^(https?):\/{1,2}/i.exec(decoded);
  if (!scheme) return decoded.split("/");
  const url = parseUrl(`${scheme[1]}://${decoded.slice(scheme[0].length)}`);
  if (url.host !== own.host || url.username !== "" || url.password !== "")
    throw new MediaError("forbidden", "Images are served from this host's own media only.");
  return url.pathname.split("/");
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
