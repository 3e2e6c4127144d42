import type { EncodedTrack, Segment } from "./protocol.ts";
import { keyNumberOf, keyPath, type StreamEncryption, segmentIvHex } from "./segment-keys.ts";

/**
 * One rendition's playlist (RFC 8216 §4.3.3), complete and never changing. The init segment is named before any key,
 * which says that it is not encrypted.
 */
export function mediaPlaylist(track: EncodedTrack, encryption?: StreamEncryption): string {
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${targetDurationSeconds(track)}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    `#EXT-X-MAP:URI="${track.initPath}"`,
    ...track.segments.flatMap(({ durationSeconds, path, cipherIndex }) => [
      ...keyLine(track.id, cipherIndex, encryption),
      `#EXTINF:${durationSeconds.toFixed(6)},`,
      path,
    ]),
    "#EXT-X-ENDLIST",
    "",
  ].join("\n");
}

/** One for each segment, as each has a vector of its own (RFC 8216 §4.3.2.4); players keep keys by their URI. */
function keyLine(trackId: string, index: number | undefined, encryption?: StreamEncryption): string[] {
  if (encryption === undefined || index === undefined) return [];
  const uri = keyPath(trackId, keyNumberOf(index, encryption));
  return [`#EXT-X-KEY:METHOD=AES-128,URI="${uri}",IV=0x${segmentIvHex(index)}`];
}

/** Whole seconds that no segment, rounded, is longer than (RFC 8216 §4.3.3.1). */
export function targetDurationSeconds({
  segments,
}: {
  segments: readonly Pick<Segment, "durationSeconds">[];
}): number {
  return Math.max(1, ...segments.map((segment) => Math.round(segment.durationSeconds)));
}
