import { MediaError } from "../errors.ts";
import { masterPlaylist } from "./hls-master.ts";
import { mediaPlaylist } from "./hls-media.ts";
import type { EncodedTrack } from "./protocol.ts";

export const HLS_MIME = "application/vnd.apple.mpegurl";

/** A manifest, to be stored next to the others. */
export interface ManifestFile {
  path: string;
  type: string;
  text: string;
}

interface HlsPackage {
  tracks: readonly EncodedTrack[];
  /**
   * From the folder of the playlists to the folder that segment and init paths are relative to, without a slash at
   * the end: `../tsk_x.1`. Empty when they are the same.
   */
  mediaPath: string;
}

/**
 * Writes the playlists of a stream (HLS version 7, fMP4): `master.m3u8` first, then `<track id>.m3u8` for every
 * track. The same tracks always give the same text.
 * @throws {MediaError} `invalid_result` when no track is video.
 */
export function packageHls({ tracks, mediaPath }: HlsPackage): { files: ManifestFile[] } {
  if (!tracks.some((track) => track.kind === "video")) {
    throw new MediaError("invalid_result", "The stream has no video rendition to list.");
  }
  const playlists = tracks.map((track) =>
    playlistFile(playlistPathOf(track), mediaPlaylist(track, mediaPath)),
  );
  return { files: [playlistFile("master.m3u8", masterPlaylist(tracks, playlistPathOf)), ...playlists] };
}

function playlistPathOf(track: EncodedTrack): string {
  return `${track.id}.m3u8`;
}

function playlistFile(path: string, text: string): ManifestFile {
  return { path, type: HLS_MIME, text };
}
