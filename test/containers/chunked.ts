import { planChunks } from "../../src/video/chunk-plan.ts";
import { joinTracks } from "../../src/video/join-tracks.ts";
import { readFragment } from "../../src/video/media-fragment.ts";
import { findBox, readBoxes, viewOf } from "../../src/video/mp4-boxes.ts";
import type { StreamOutput } from "../../src/video/output.ts";
import type { EncodedTrack } from "../../src/video/protocol.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { planStream, type SegmentRange } from "../../src/video/stream-plan.ts";
import { verifyTracks } from "../../src/video/verify-tracks.ts";
import type { Studio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

/** A stream as encoded, in one task or in several. */
export interface EncodedStream {
  source: SourceDescription;
  tracks: EncodedTrack[];
  ranges: SegmentRange[];
  notes: string[];
}

/** Encodes a clip by the tasks that a job would plan for it: each chunk, then the sound. */
export async function encodeInChunks(
  studio: Studio,
  input: Buffer,
  output: StreamOutput,
  chunkSeconds: number,
): Promise<EncodedStream> {
  const source = await studio.probe(input);
  const plan = planStream(source, output);
  const ranges = planChunks(source, plan, chunkSeconds);
  const tasks = ranges.map((range) => ({ kind: "chunk", range }) as const);
  const sound = plan.audio.length === 0 ? [] : [{ kind: "audio" } as const];
  const parts = [];
  const notes: string[] = [];
  for (const own of [...tasks, ...sound]) {
    const task = studio.task(input);
    const result = await runTask(studio.transcoder, { ...task, source, output, ...own }, "tracks");
    notes.push(...result.notes);
    parts.push({ folder: task.attemptId, tracks: result.tracks });
  }
  const { tracks } = joinTracks(parts);
  verifyTracks(tracks);
  return { source, tracks, ranges, notes };
}

/** Encodes the same clip in one task. */
export async function encodeInOne(
  studio: Studio,
  input: Buffer,
  output: StreamOutput,
): Promise<EncodedStream> {
  const source = await studio.probe(input);
  const task = studio.task(input);
  const result = await runTask(studio.transcoder, { kind: "stream", ...task, source, output }, "tracks");
  const { tracks } = joinTracks([{ folder: task.attemptId, tracks: result.tracks }]);
  return { source, tracks, ranges: [], notes: result.notes };
}

/** The init segment and all segments of a track, as a player strings them together. */
export function joinedBytes(studio: Studio, track: EncodedTrack, first = 0): Buffer {
  const paths = [track.initPath, ...track.segments.slice(first).map(({ path }) => path)];
  return Buffer.concat(paths.map((path) => storedAt(studio, path)));
}

export function storedAt(studio: Studio, path: string): Buffer {
  const object = studio.store.objects.get(`work/${path}`);
  if (object === undefined) throw new Error(`${path} was not stored.`);
  return object.bytes;
}

interface FragmentTimes {
  sequence: number;
  /** `baseMediaDecodeTime`, ticks. */
  decodeTicks: number;
  /** When the first frame of the fragment is shown, ticks. */
  shownTicks: number;
  endTicks: number;
}

/** The times of every fragment in a segment. `lateBy` is what the edit list takes off, ticks. */
export function fragmentTimes(segment: Buffer, lateBy: number): FragmentTimes[] {
  return readBoxes(segment)
    .filter(({ type }) => type === "moof")
    .map(({ body }) => {
      const { startTicks, samples } = readFragment(body);
      const mfhd = findBox(body, ["mfhd"])?.body ?? Buffer.alloc(8);
      let at = startTicks;
      let shownTicks = Number.POSITIVE_INFINITY;
      for (const sample of samples) {
        shownTicks = Math.min(shownTicks, at + sample.offsetTicks - lateBy);
        at += sample.durationTicks;
      }
      return { sequence: viewOf(mfhd).getUint32(4), decodeTicks: startTicks, shownTicks, endTicks: at };
    });
}
