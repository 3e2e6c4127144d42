import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { MediaError } from "../../src/errors.ts";
import type { InitSegment } from "../../src/video/init-segment.ts";
import { peakFrameRate } from "../../src/video/peak-frame-rate.ts";
import type { EncodedTrack, Segment } from "../../src/video/protocol.ts";
import { isRunt } from "../../src/video/runt.ts";
import {
  type SegmentGrid,
  type SegmentRange,
  segmentIndexAt,
  TIME_TOLERANCE_SECONDS,
} from "../../src/video/stream-plan.ts";
import { writeFragment } from "../../src/video/write-fragment.ts";
import { checkFrames, checkStart } from "./check-segments.ts";
import { type FragmentPart, type InitPart, readParts } from "./read-parts.ts";
import type { SegmentCiphers } from "./segment-cipher.ts";
import { createSegmentStore, type SegmentStore } from "./segment-store.ts";
import type { TaskContext } from "./task-context.ts";

export interface TrackSpec {
  id: string;
  kind: EncodedTrack["kind"];
  grid: SegmentGrid;
  range: SegmentRange;
  /** BCP 47 or ISO 639-2, as the source has it. */
  language?: string | undefined;
  frameRate?: number | undefined;
  /** Of an encrypted stream. */
  ciphers?: SegmentCiphers | undefined;
}

/** The segment that is being written; times in ticks. */
interface OpenSegment {
  index: number;
  startTicks: number;
  durationTicks: number;
  bytes: number;
  fragments: number;
  frames: number;
  keyframes: NonNullable<Segment["keyframes"]>;
}

/** Room for the fragments of one segment in the numbering of all, so that every chunk numbers as one pass would. */
const FRAGMENTS_PER_SEGMENT = 1000;

/**
 * Reads one track from the encoder, cuts it into segments on the grid, and stores each as soon as it is complete.
 * Nothing at all comes of a chunk that begins after the end of the video.
 *
 * @throws {MediaError} `invalid_result` for a track that does not verify, `storage_failed`, or `disk_full`
 * @throws {SeekMissed} when the frames of the range's start were not among those decoded
 */
export async function writeTrack(
  pipe: Readable,
  spec: TrackSpec,
  context: TaskContext,
): Promise<EncodedTrack | undefined> {
  const store = createSegmentStore(context, pipe, spec.id, `${spec.kind}/mp4`);
  try {
    const track = await cutTrack(pipe, spec, store);
    await store.settle();
    return track;
  } finally {
    await store.abandon();
  }
}

async function cutTrack(
  pipe: Readable,
  spec: TrackSpec,
  store: SegmentStore,
): Promise<EncodedTrack | undefined> {
  const segments: Segment[] = [];
  let maxFrameRate = 0;
  let init: Awaited<ReturnType<typeof storeInit>> | undefined;
  let facts: InitSegment | undefined;
  let open: OpenSegment | undefined;
  for await (const part of readParts(pipe, lastFrameUntil(spec))) {
    if (part.type === "init") {
      facts = part.facts;
      init = await storeInit(part, spec, store);
      continue;
    }
    const timescale = facts?.timescale ?? 1;
    if (isRunIn(spec, part.fragment.startTicks / timescale)) continue;
    const index = segmentIndexAt(spec.grid, part.fragment.startTicks / timescale);
    if (open !== undefined && index > open.index && !isRest(spec, part, timescale)) {
      segments.push(await closeSegment(store, spec, open, timescale));
      open = undefined;
    }
    if (open === undefined) {
      checkStart(spec, {
        index,
        startTicks: part.fragment.startTicks,
        timescale,
        isFirst: segments.length === 0,
      });
      open = openSegment(index, part);
    }
    maxFrameRate = Math.max(maxFrameRate, peakFrameRate(part.fragment.samples, timescale));
    await addFragment(store, spec, open, part, segmentPath(spec.id, segments.length), timescale);
  }
  if (init === undefined || facts === undefined || open === undefined) return undefined;
  segments.push(await closeSegment(store, spec, open, facts.timescale));
  checkFrames(spec, segments);
  const { id, kind, grid, language, frameRate } = spec;
  return {
    ...{ id, kind, ...init, ...facts, segments },
    ...(language === undefined ? {} : { language }),
    ...(frameRate === undefined ? {} : { frameRate, variableFrameRate: grid.kind === "times" }),
    ...(kind === "video" && grid.kind === "times" ? { maxFrameRate } : {}),
  };
}

/** The last of the video, and too little for a segment of its own. */
function isRest({ kind, grid, range }: TrackSpec, part: FragmentPart, timescale: number): boolean {
  if (kind !== "video" || !part.isLast || range.end !== undefined) return false;
  const { samples, durationTicks } = part.fragment;
  return isRunt(grid, { frames: samples.length, seconds: durationTicks / timescale });
}

/** What the encoder warmed up with. */
function isRunIn({ grid, range }: TrackSpec, atSeconds: number): boolean {
  return atSeconds < range.first * grid.segmentSeconds - TIME_TOLERANCE_SECONDS;
}

/** The frames of a variable-rate chunk last at least until the next one begins. */
function lastFrameUntil({ kind, grid, range }: TrackSpec): number | undefined {
  return kind === "video" && grid.kind === "times" && range.end !== undefined
    ? range.end * grid.segmentSeconds
    : undefined;
}

async function storeInit({ bytes }: InitPart, spec: TrackSpec, store: SegmentStore) {
  const path = `${spec.id}/init.mp4`;
  await store.append(path, [bytes]);
  await store.close();
  return {
    initPath: path,
    initBytes: bytes.length,
    initSha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

function openSegment(index: number, { fragment }: FragmentPart): OpenSegment {
  const empty = { durationTicks: 0, bytes: 0, fragments: 0, frames: 0 };
  return { index, startTicks: fragment.startTicks, ...empty, keyframes: [] };
}

async function addFragment(
  store: SegmentStore,
  { id, kind, grid, ciphers }: TrackSpec,
  open: OpenSegment,
  { fragment, mdat, mdatHeaderBytes }: FragmentPart,
  path: string,
  timescale: number,
): Promise<void> {
  const sequence = open.index * FRAGMENTS_PER_SEGMENT + open.fragments + 1;
  const explicitDurations = kind === "video" && grid.kind === "times";
  const moof = writeFragment(fragment, { sequence, mdatHeaderBytes, explicitDurations });
  const cipher = open.fragments === 0 ? await ciphers?.(id, open.index) : undefined;
  await store.append(path, [moof, mdat], cipher);
  const keyframeBytes = moof.length + mdatHeaderBytes + (fragment.samples[0]?.bytes ?? 0);
  open.keyframes.push([fragment.startTicks / timescale, open.bytes, keyframeBytes]);
  open.fragments += 1;
  open.frames += fragment.samples.length;
  open.bytes += moof.length + mdat.length;
  open.durationTicks += fragment.durationTicks;
}

async function closeSegment(
  store: SegmentStore,
  { kind, ciphers }: TrackSpec,
  segment: OpenSegment,
  timescale: number,
): Promise<Segment> {
  const file = await store.close();
  if (file === undefined) throw new MediaError("invalid_result", "The encoder wrote an empty segment.");
  const { frames, keyframes } = segment;
  // A keyframe cannot be read by itself out of what is encrypted as a whole.
  const own = ciphers === undefined ? { frames, keyframes } : { frames };
  return {
    ...file,
    startSeconds: segment.startTicks / timescale,
    durationSeconds: segment.durationTicks / timescale,
    ...(kind === "video" ? own : {}),
    ...(ciphers === undefined ? {} : { cipherIndex: segment.index }),
  };
}

function segmentPath(id: string, index: number): string {
  return `${id}/${String(index + 1).padStart(5, "0")}.m4s`;
}
