import { MediaError } from "../errors.ts";
import type { EncodedTrack, Segment } from "./protocol.ts";
import type { SubtitleTrack } from "./subtitles.ts";
import { endOfTrack } from "./verify-tracks.ts";

/** Rounding of times that are the same, seconds. */
const SAME_TIME_SECONDS = 1e-6;

/** What one task encoded of a stream; the paths of its tracks are relative to its folder. */
export interface EncodedPart {
  folder: string;
  tracks: readonly EncodedTrack[];
  subtitles?: readonly SubtitleTrack[];
}

/** The tracks of words of all parts; paths include the folders. */
export function joinSubtitles(parts: readonly EncodedPart[]): SubtitleTrack[] {
  return parts.flatMap(({ folder, subtitles = [] }) =>
    subtitles.map((track) => ({ ...track, path: `${folder}/${track.path}` })),
  );
}

/** A segment whose last frame has to be shown until the next segment begins, which its own task could not know. */
export interface Seam {
  trackId: string;
  segment: Segment;
  endSeconds: number;
}

export interface JoinedTracks {
  /** Paths include the folders. */
  tracks: EncodedTrack[];
  /** By track: number of the first segment of each folder, from 1, and the folder of its segments. */
  folders: Record<string, [firstNumber: number, folder: string][]>;
  seams: Seam[];
}

/**
 * Puts the chunks of each track behind each other. They have to fit as if one task had made them all: the same init
 * segment to the byte, each chunk from where the one before ended. Where the frame rate varies nobody knew that
 * moment; there the frame before is stretched, and where the gap is a frame or more that has to be written down.
 *
 * @param parts in the order of the timeline
 * @throws {MediaError} `invalid_result` when they do not fit
 */
export function joinTracks(parts: readonly EncodedPart[]): JoinedTracks {
  const ids = [...new Set(parts.flatMap(({ tracks }) => tracks.map(({ id }) => id)))];
  const joined: JoinedTracks = { tracks: [], folders: {}, seams: [] };
  for (const id of ids) {
    const chunks = parts.flatMap(({ folder, tracks }) =>
      tracks.filter((track) => track.id === id).map((track) => inFolder(track, folder)),
    );
    joined.folders[id] = foldersOf(chunks);
    joined.seams.push(...chunks.flatMap((chunk, i) => seamAfter(chunk, chunks[i + 1])));
    joined.tracks.push(joinChunks(chunks));
  }
  return joined;
}

function inFolder(track: EncodedTrack, folder: string): EncodedTrack {
  const segments = track.segments.map((segment) => ({ ...segment, path: `${folder}/${segment.path}` }));
  return { ...track, initPath: `${folder}/${track.initPath}`, segments };
}

function foldersOf(chunks: readonly EncodedTrack[]): [number, string][] {
  let number = 1;
  return chunks.map(({ initPath, segments }) => {
    const first = number;
    number += segments.length;
    return [first, initPath.slice(0, initPath.lastIndexOf("/"))];
  });
}

function joinChunks(chunks: readonly EncodedTrack[]): EncodedTrack {
  const [first] = chunks;
  if (first === undefined) throw new MediaError("internal", "A track has no chunks.");
  for (const chunk of chunks) {
    if (chunk.initSha256 === first.initSha256 && chunk.initBytes === first.initBytes) continue;
    throw new MediaError("invalid_result", `The chunks of ${first.id} have different init segments.`, {
      privateDetail: `${first.initPath} and ${chunk.initPath}`,
    });
  }
  const segments = chunks.flatMap((chunk, i) => upTo(chunk, chunks[i + 1]));
  if (first.maxFrameRate === undefined) return { ...first, segments };
  const maxFrameRate = Math.max(...chunks.map((chunk) => chunk.maxFrameRate ?? 0));
  return { ...first, maxFrameRate, segments };
}

/** The segments of a chunk, the last of them as long as it takes until the next chunk begins. */
function upTo(chunk: EncodedTrack, next: EncodedTrack | undefined): Segment[] {
  const gap = next === undefined ? 0 : gapBetween(chunk, next);
  return chunk.segments.map((segment, i) =>
    i === chunk.segments.length - 1
      ? { ...segment, durationSeconds: segment.durationSeconds + gap }
      : segment,
  );
}

function seamAfter(chunk: EncodedTrack, next: EncodedTrack | undefined): Seam[] {
  const segment = chunk.segments.at(-1);
  if (next === undefined || segment === undefined) return [];
  const frameSeconds = 1 / (chunk.frameRate ?? 1);
  if (gapBetween(chunk, next) < frameSeconds) return [];
  return [{ trackId: chunk.id, segment, endSeconds: startOfTrack(next) }];
}

/** @throws {MediaError} `invalid_result` unless the next chunk begins where this one ends, or may begin later */
function gapBetween(chunk: EncodedTrack, next: EncodedTrack): number {
  const gap = startOfTrack(next) - endOfTrack(chunk);
  if (Math.abs(gap) < SAME_TIME_SECONDS) return 0;
  if (gap > 0 && chunk.variableFrameRate === true) return gap;
  throw new MediaError("invalid_result", `The chunks of ${chunk.id} do not meet.`, {
    privateDetail: `${endOfTrack(chunk)} s and ${startOfTrack(next)} s`,
  });
}

function startOfTrack(track: EncodedTrack): number {
  return track.segments[0]?.startSeconds ?? 0;
}
