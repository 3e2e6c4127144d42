/**
 * Puts the token that opened a playlist behind every URI in it, so that players that cannot send headers can fetch
 * the whole tree: lines that are URIs, and `URI="…"` attributes of tags (RFC 8216 §4.1).
 */
export async function withToken(playlist: Response, token: string): Promise<Response> {
  const headers = new Headers(playlist.headers);
  headers.delete("Content-Length");
  headers.delete("Accept-Ranges");
  // The text now depends on who asked for it.
  headers.delete("ETag");
  headers.set("Cache-Control", "private, no-store");
  if (playlist.status !== 200) return new Response(playlist.body, { status: playlist.status, headers });
  return new Response(signPlaylist(await playlist.text(), token), { headers });
}

export function signPlaylist(text: string, token: string): string {
  const query = `?token=${encodeURIComponent(token)}`;
  return text
    .split("\n")
    .map((line) => {
      if (line.startsWith("#"))
        return line.replace(/URI="([^"]*)"/g, (_, uri: string) => `URI="${uri}${query}"`);
      return line.trim() === "" ? line : line + query;
    })
    .join("\n");
}
