import { MediaError } from "../errors.ts";
import { masterPlaylist } from "./hls-master.ts";
import { mediaPlaylist } from "./hls-media.ts";
import type { StreamOutput } from "./output.ts";
import type { EncodedTrack } from "./protocol.ts";

export const HLS_MIME = "application/vnd.apple.mpegurl";

/** A manifest, to be stored next to the others. */
export interface ManifestFile {
  path: string;
  type: string;
  text: string;
  /** A player starts here. */
  isEntry: boolean;
}

/**
 * Writes the manifests of a stream, those that a player starts with first. The same tracks always give the same text.
 *
 * @param tracks paths relative to the manifests
 * @throws {MediaError} `invalid_result` when no track is video
 */
export function packageStream(
  tracks: readonly EncodedTrack[],
  _format: StreamOutput["format"],
): ManifestFile[] {
  if (!tracks.some((track) => track.kind === "video")) {
    throw new MediaError("invalid_result", "The stream has no video rendition to list.");
  }
  return packageHls(tracks);
}

/** HLS version 7 with fMP4: `master.m3u8`, and `<track id>.m3u8` for every track. */
function packageHls(tracks: readonly EncodedTrack[]): ManifestFile[] {
  const master = playlistFile("master.m3u8", masterPlaylist(tracks, playlistPathOf));
  const playlists = tracks.map((track) => playlistFile(playlistPathOf(track), mediaPlaylist(track)));
  return [{ ...master, isEntry: true }, ...playlists];
}

function playlistPathOf(track: EncodedTrack): string {
  return `${track.id}.m3u8`;
}

function playlistFile(path: string, text: string): ManifestFile {
  return { path, type: HLS_MIME, text, isEntry: false };
}
