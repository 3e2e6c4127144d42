import type { Readable } from "node:stream";
import { MediaError } from "../../src/errors.ts";
import { type InitSegment, readInitSegment } from "../../src/video/init-segment.ts";
import { type MediaFragment, readFragment } from "../../src/video/media-fragment.ts";
import type { EncodedTrack, Segment } from "../../src/video/protocol.ts";
import { type SegmentGrid, segmentIndexAt } from "../../src/video/stream-plan.ts";
import { readBoxStream } from "./box-stream.ts";
import { createSegmentStore, type SegmentStore } from "./segment-store.ts";
import type { TaskContext } from "./task-context.ts";

export interface TrackSpec {
  id: string;
  kind: EncodedTrack["kind"];
  grid: SegmentGrid;
}

interface Fragment extends MediaFragment {
  moof: Buffer;
  mdat: Buffer;
}

/** Clock of the segment that is being written, in ticks. */
interface OpenSegment {
  index: number;
  startTicks: number;
  durationTicks: number;
}

/**
 * Reads one track from the encoder, cuts it into segments on the grid, and stores each as soon as it is complete.
 *
 * @throws {MediaError} `invalid_result` for a track that does not verify, `storage_failed`, or `disk_full`
 */
export async function writeTrack(
  pipe: Readable,
  spec: TrackSpec,
  context: TaskContext,
): Promise<EncodedTrack> {
  const store = createSegmentStore(context, pipe, spec.id, `${spec.kind}/mp4`);
  try {
    const track = await cutTrack(pipe, spec, store);
    await store.settle();
    return track;
  } finally {
    await store.abandon();
  }
}

async function cutTrack(pipe: Readable, spec: TrackSpec, store: SegmentStore): Promise<EncodedTrack> {
  const head: Buffer[] = [];
  const segments: Segment[] = [];
  let init: { facts: InitSegment; path: string; bytes: number } | undefined;
  let current: OpenSegment | undefined;
  for await (const part of readParts(pipe)) {
    if ("type" in part) {
      head.push(part.bytes);
      if (part.type === "moov") init = await writeInit(head, spec, store);
      continue;
    }
    if (init === undefined)
      throw new MediaError("invalid_result", "The encoder wrote a fragment before the index.");
    const index = segmentIndexAt(spec.grid, part.startTicks / init.facts.timescale);
    if (current !== undefined && index > current.index) {
      segments.push(await closeSegment(store, current, init.facts.timescale));
      current = undefined;
    }
    current ??= { index, startTicks: part.startTicks, durationTicks: 0 };
    await store.append(segmentPath(spec.id, segments.length), [part.moof, part.mdat]);
    current.durationTicks += part.durationTicks;
  }
  if (init === undefined || current === undefined) {
    throw new MediaError("invalid_result", `The encoder wrote no ${spec.kind} for ${spec.id}.`);
  }
  segments.push(await closeSegment(store, current, init.facts.timescale));
  const { timescale: _, ...facts } = init.facts;
  return { id: spec.id, kind: spec.kind, initPath: init.path, initBytes: init.bytes, ...facts, segments };
}

/** The boxes in front of the first fragment one by one, then each `moof` with its `mdat`. */
async function* readParts(pipe: Readable): AsyncGenerator<{ type: string; bytes: Buffer } | Fragment> {
  let moof: (MediaFragment & { moof: Buffer }) | undefined;
  for await (const box of readBoxStream(pipe)) {
    if (box.type === "ftyp" || box.type === "moov") yield box;
    if (box.type === "moof") {
      moof = { ...readFragment(box.bytes.subarray(box.headerBytes)), moof: box.bytes };
    }
    if (box.type === "mdat" && moof !== undefined) {
      yield { ...moof, mdat: box.bytes };
      moof = undefined;
    }
  }
}

async function writeInit(head: Buffer[], spec: TrackSpec, store: SegmentStore) {
  const path = `${spec.id}/init.mp4`;
  await store.append(path, head);
  await store.close();
  const bytes = Buffer.concat(head);
  return { facts: readInitSegment(bytes), path, bytes: bytes.length };
}

async function closeSegment(store: SegmentStore, segment: OpenSegment, timescale: number): Promise<Segment> {
  const file = await store.close();
  if (file === undefined) throw new MediaError("invalid_result", "The encoder wrote an empty segment.");
  return {
    ...file,
    startSeconds: segment.startTicks / timescale,
    durationSeconds: segment.durationTicks / timescale,
  };
}

function segmentPath(id: string, index: number): string {
  return `${id}/${String(index + 1).padStart(5, "0")}.m4s`;
}
