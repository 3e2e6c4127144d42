import { targetDurationSeconds } from "./hls-media.ts";
import type { EncodedTrack } from "./protocol.ts";

/** One keyframe of a rendition and the bytes of a segment that hold it. */
export interface Keyframe {
  /** Relative to the playlists. */
  path: string;
  startSeconds: number;
  /** Until the next keyframe. */
  durationSeconds: number;
  offset: number;
  bytes: number;
}

/** Every keyframe of a rendition, in order. */
export function keyframesOf(track: EncodedTrack): Keyframe[] {
  const found = track.segments.flatMap(({ path, keyframes = [] }) =>
    keyframes.map(([startSeconds, offset, bytes]) => ({ path, startSeconds, offset, bytes })),
  );
  const last = track.segments.at(-1);
  const end = last === undefined ? 0 : last.startSeconds + last.durationSeconds;
  return found.map((keyframe, i) => ({
    ...keyframe,
    durationSeconds: (found[i + 1]?.startSeconds ?? end) - keyframe.startSeconds,
  }));
}

/** The playlist of a rendition's keyframes, for fast winding and previews (RFC 8216 §4.3.3.6). */
export function iframePlaylist(track: EncodedTrack): string {
  const keyframes = keyframesOf(track);
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${targetDurationSeconds({ segments: keyframes })}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXT-X-I-FRAMES-ONLY",
    `#EXT-X-MAP:URI="${track.initPath}"`,
    ...keyframes.flatMap(({ durationSeconds, bytes, offset, path }) => [
      `#EXTINF:${durationSeconds.toFixed(6)},`,
      `#EXT-X-BYTERANGE:${bytes}@${offset}`,
      path,
    ]),
    "#EXT-X-ENDLIST",
    "",
  ].join("\n");
}
