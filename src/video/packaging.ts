import { MediaError } from "../errors.ts";
import { dashManifest, type SegmentNaming } from "./dash-manifest.ts";
import { iframePlaylist, keyframesOf } from "./hls-iframes.ts";
import { masterPlaylist } from "./hls-master.ts";
import { mediaPlaylist } from "./hls-media.ts";
import { subtitlePlaylist } from "./hls-subtitles.ts";
import type { StreamOutput } from "./output.ts";
import type { EncodedTrack } from "./protocol.ts";
import type { StreamEncryption } from "./segment-keys.ts";
import type { SubtitleTrack } from "./subtitles.ts";
import { endOfTrack } from "./verify-tracks.ts";

export const HLS_MIME = "application/vnd.apple.mpegurl";
export const DASH_MIME = "application/dash+xml";

/** A manifest, to be stored next to the others. */
export interface ManifestFile {
  path: string;
  type: string;
  text: string;
  /** A player starts here. */
  isEntry: boolean;
}

/** What a stream may have beside its tracks of picture and sound. */
interface StreamExtras {
  encryption?: StreamEncryption | undefined;
  /** Paths relative to the manifests. */
  subtitles?: readonly SubtitleTrack[];
  /** The source has no picture: a stream of its sound is whole. */
  soundAlone?: boolean | undefined;
}

/**
 * Writes the manifests of a stream, those that a player starts with first. The same tracks always give the same text.
 *
 * @param tracks paths relative to the manifests
 * @throws {MediaError} `invalid_result` when no track is of what the source has: picture, or sound alone
 */
export function packageStream(
  tracks: readonly EncodedTrack[],
  format: StreamOutput["format"],
  { encryption, subtitles = [], soundAlone = false }: StreamExtras = {},
): ManifestFile[] {
  const wanted = soundAlone ? "audio" : "video";
  if (!tracks.some((track) => track.kind === wanted)) {
    throw new MediaError("invalid_result", `The stream has no ${wanted} rendition to list.`);
  }
  return [
    ...(format === "dash" ? [] : packageHls(tracks, subtitles, encryption)),
    ...(format === "hls" ? [] : packageDash(tracks, subtitles)),
  ];
}

/**
 * HLS version 7 with fMP4: `master.m3u8`, `<track id>.m3u8` for every track, and `<track id>-iframes.m3u8` for every
 * rendition whose keyframes can be read by themselves.
 */
function packageHls(
  tracks: readonly EncodedTrack[],
  subtitles: readonly SubtitleTrack[],
  encryption?: StreamEncryption,
): ManifestFile[] {
  const seconds = Math.max(...tracks.map(endOfTrack));
  const video = tracks.filter((track) => track.kind === "video" && keyframesOf(track).length > 0);
  const master = masterPlaylist(tracks, subtitles, { media: playlistPathOf, iframes: iframesPathOf });
  return [
    { ...playlistFile("master.m3u8", master), isEntry: true },
    ...tracks.map((track) => playlistFile(playlistPathOf(track), mediaPlaylist(track, encryption))),
    ...subtitles.map((track) => playlistFile(playlistPathOf(track), subtitlePlaylist(track, seconds))),
    ...video.map((track) => playlistFile(iframesPathOf(track), iframePlaylist(track))),
  ];
}

/**
 * DASH over the same segments: `manifest.mpd` names them by number, `list.mpd` one by one, for copies of the stream
 * that lie on a plain file server.
 */
function packageDash(tracks: readonly EncodedTrack[], subtitles: readonly SubtitleTrack[]): ManifestFile[] {
  const text = (naming: SegmentNaming) => dashManifest(tracks, naming, subtitles);
  return [
    { path: "manifest.mpd", type: DASH_MIME, text: text("numbers"), isEntry: true },
    { path: "list.mpd", type: DASH_MIME, text: text("paths"), isEntry: false },
  ];
}

function playlistPathOf(track: Pick<EncodedTrack, "id">): string {
  return `${track.id}.m3u8`;
}

function iframesPathOf(track: EncodedTrack): string {
  return `${track.id}-iframes.m3u8`;
}

function playlistFile(path: string, text: string): ManifestFile {
  return { path, type: HLS_MIME, text, isEntry: false };
}
