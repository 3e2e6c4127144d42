import { MediaError } from "../errors.ts";

/** Crockford's base 32 in lower case, as ids are written. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const ID_CHARACTERS = 26;

/** The absolute URL that stands where an image URL has its media id, encoded as a whole; undefined for an id. */
export function remoteUrlOf(mediaId: string): URL | undefined {
  if (!/^https?%3a/i.test(mediaId)) return undefined;
  try {
    return URL.parse(decodeURIComponent(mediaId)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Whether images of a URL are served here: its origin is on the list, and it carries no name and password. */
export function isListed(url: URL, origins: readonly string[]): boolean {
  return origins.includes(url.origin) && url.username === "" && url.password === "";
}

/** @throws MediaError `forbidden` for a URL that is not on the deployment's list */
export function requireListed(url: URL, origins: readonly string[]): void {
  if (isListed(url, origins)) return;
  throw new MediaError("forbidden", "Images are served from this host's own media and from listed origins.");
}

/** The id that the image behind a URL has here: always the same for the same URL, and nobody else's. */
export async function remoteMediaId(url: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(url)));
  const letters = Array.from(digest.subarray(0, ID_CHARACTERS), (byte) => ALPHABET[byte & 31]);
  return `med_${letters.join("")}`;
}

const FRESH_SECONDS = { least: 60, usual: 3600, most: 86_400 };

/** How long what was fetched is taken for the latest, ms: what its host says, within bounds. */
export function freshMs(cacheControl: string | null): number {
  const said = /(?:^|[\s,])(?:s-maxage|max-age)=(\d{1,9})/i.exec(cacheControl ?? "")?.[1];
  const seconds = said === undefined ? FRESH_SECONDS.usual : Number(said);
  return Math.min(FRESH_SECONDS.most, Math.max(FRESH_SECONDS.least, seconds)) * 1000;
}
