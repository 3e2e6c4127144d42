import { targetDurationSeconds } from "./hls-media.ts";
import type { SubtitleTrack } from "./subtitles.ts";

export const SUBTITLE_GROUP = "subtitles";

/** The playlist of a track of words (RFC 8216 §3.5): one file, as long as the video. */
export function subtitlePlaylist({ path }: SubtitleTrack, durationSeconds: number): string {
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${targetDurationSeconds({ segments: [{ durationSeconds }] })}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    `#EXTINF:${durationSeconds.toFixed(6)},`,
    path,
    "#EXT-X-ENDLIST",
    "",
  ].join("\n");
}

/** The lines of a master playlist that offer the tracks of words (RFC 8216 §4.3.4.1). */
export function subtitleLines(
  tracks: readonly SubtitleTrack[],
  pathOf: (track: SubtitleTrack) => string,
): string[] {
  return tracks.map((track, i) => {
    const attributes = [
      "TYPE=SUBTITLES",
      `GROUP-ID="${SUBTITLE_GROUP}"`,
      `NAME="${subtitleName(track, tracks.slice(0, i))}"`,
      ...(track.language === undefined ? [] : [`LANGUAGE="${track.language}"`]),
      `DEFAULT=${track.isDefault ? "YES" : "NO"}`,
      "AUTOSELECT=YES",
      `FORCED=${track.forced ? "YES" : "NO"}`,
      `URI="${pathOf(track)}"`,
    ];
    return `#EXT-X-MEDIA:${attributes.join(",")}`;
  });
}

/** Unique among the tracks: the language, what is special about it, and a number where that is taken. */
export function subtitleName(track: SubtitleTrack, before: readonly SubtitleTrack[]): string {
  const label = ({ language = "Subtitles", forced }: SubtitleTrack) =>
    forced ? `${language} (forced)` : language;
  const own = label(track);
  return before.some((other) => label(other) === own) ? `${own} ${before.length + 1}` : own;
}
