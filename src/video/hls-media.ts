import type { EncodedTrack, Segment } from "./protocol.ts";

/** One rendition's playlist (RFC 8216 §4.3.3), complete and never changing. */
export function mediaPlaylist(track: EncodedTrack): string {
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${targetDurationSeconds(track)}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    `#EXT-X-MAP:URI="${track.initPath}"`,
    ...track.segments.flatMap(({ durationSeconds, path }) => [
      `#EXTINF:${durationSeconds.toFixed(6)},`,
      path,
    ]),
    "#EXT-X-ENDLIST",
    "",
  ].join("\n");
}

/** Whole seconds that no segment, rounded, is longer than (RFC 8216 §4.3.3.1). */
export function targetDurationSeconds({
  segments,
}: {
  segments: readonly Pick<Segment, "durationSeconds">[];
}): number {
  return Math.max(1, ...segments.map((segment) => Math.round(segment.durationSeconds)));
}
