import { MediaError } from "../errors.ts";

const TYPES: Record<string, string> = {
  m3u8: "application/vnd.apple.mpegurl",
  mpd: "application/dash+xml",
  mp4: "video/mp4",
  m4s: "video/iso.segment",
  vtt: "text/vtt; charset=utf-8",
};

/**
 * MIME type of a file of a stream, by its extension (RFC 8216 §4, ISO/IEC 23000-19).
 *
 * @throws MediaError `not_found` for anything that streams are not made of.
 */
export function typeOfTreeFile(key: string): string {
  const type = TYPES[key.split(".").at(-1) ?? ""];
  if (type === undefined) throw new MediaError("not_found", "Streams have no such file.");
  return type;
}
