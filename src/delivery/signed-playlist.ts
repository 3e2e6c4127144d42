/**
 * Puts the token that opened a manifest behind every URI in it, so that players that cannot send headers can fetch
 * the whole tree.
 */
export async function withToken(manifest: Response, token: string): Promise<Response> {
  const headers = new Headers(manifest.headers);
  headers.delete("Content-Length");
  headers.delete("Accept-Ranges");
  // The text now depends on who asked for it.
  headers.delete("ETag");
  headers.set("Cache-Control", "private, no-store");
  if (manifest.status !== 200) return new Response(manifest.body, { status: manifest.status, headers });
  const sign = SIGNERS[headers.get("Content-Type") ?? ""] ?? signPlaylist;
  return new Response(sign(await manifest.text(), token), { headers });
}

const SIGNERS: Record<string, (text: string, token: string) => string> = {
  "application/dash+xml": signMpd,
  "text/vtt": signStoryboard,
};

/** The sheets that the cues of a storyboard name: the token goes before the fragment. */
export function signStoryboard(text: string, token: string): string {
  return text.replace(/^([^\s#]+)(#xywh=[\d,]+)$/gm, `$1?token=${encodeURIComponent(token)}$2`);
}

/** The attributes that hold URLs and patterns of URLs (ISO/IEC 23009-1 §5.3.9). */
export function signMpd(text: string, token: string): string {
  const query = `?token=${encodeURIComponent(token)}`;
  const words = text.replace(/(<BaseURL>[^<]*)(?=<\/BaseURL>)/g, `$1${query}`);
  return words.replace(/ (media|initialization|sourceURL)="([^"]*)"/g, (_, name: string, url: string) => {
    return ` ${name}="${url}${query}"`;
  });
}

/** Lines that are URIs, and `URI="…"` attributes of tags (RFC 8216 §4.1). A token goes to no other place than this. */
export function signPlaylist(text: string, token: string): string {
  const query = `?token=${encodeURIComponent(token)}`;
  const signed = (uri: string) => (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(uri) ? uri : uri + query);
  return text
    .split("\n")
    .map((line) => {
      if (line.startsWith("#"))
        return line.replace(/URI="([^"]*)"/g, (_, uri: string) => `URI="${signed(uri)}"`);
      return line.trim() === "" ? line : signed(line);
    })
    .join("\n");
}
