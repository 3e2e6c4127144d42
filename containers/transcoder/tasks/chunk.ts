import { rangeSeconds } from "../../../src/video/chunk-plan.ts";
import { chunkSeeks } from "../../../src/video/chunk-seeks.ts";
import { planParts } from "../../../src/video/file-parts.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { chunkArgs } from "../../../src/video/stream-args.ts";
import { largestOf, largestRendition, type StreamPlan } from "../../../src/video/stream-plan.ts";
import { endOfTrack } from "../../../src/video/verify-tracks.ts";
import { checkLength } from "../check-length.ts";
import { SeekMissed } from "../check-segments.ts";
import { encodeTracks } from "../encode-tracks.ts";
import { overlayLogo } from "../overlay-logo.ts";
import { ciphersOf } from "../segment-cipher.ts";
import type { TaskContext } from "../task-context.ts";
import { videoSpecs } from "../track-specs.ts";

type ChunkRequest = Extract<TaskRequest, { kind: "chunk" }>;

/** Encodes the segments of one chunk for every rendition, from one decode. */
export async function runChunk(context: TaskContext, request: ChunkRequest): Promise<TaskResult> {
  const plan = planParts(request.source, request.output);
  const { watermark } = request.output;
  const overlay = await overlayLogo(context, watermark, largestRendition(plan), request.logos);
  const marking = { ...context, setting: { ...context.setting, overlay } };
  for (const seekSeconds of chunkSeeks(plan, request.range)) {
    const result = await encodeFrom(marking, request, plan, seekSeconds);
    if (result !== undefined) return result;
  }
  // Decoded from the start, and still no frame: the video ends before the container says.
  return { kind: "tracks", tracks: [], durationSeconds: 0, notes: [] };
}

/** `undefined` when the first frames of the chunk were not found. */
async function encodeFrom(
  context: TaskContext,
  request: ChunkRequest,
  plan: StreamPlan,
  seekSeconds: number | undefined,
): Promise<TaskResult | undefined> {
  const { source, range } = request;
  const startSeconds = range.first * plan.grid.segmentSeconds;
  const durationSeconds = rangeSeconds(source, plan, range);
  try {
    const { tracks, complaints } = await encodeTracks(context, {
      args: chunkArgs(plan, range, seekSeconds, context.setting),
      specs: videoSpecs(plan, range),
      ciphers: ciphersOf(request),
      durationSeconds,
      resolution: largestOf(plan),
      isQuietAtFirst: seekSeconds === undefined && range.first > 0,
      frames: Math.round(durationSeconds * plan.video.frameRate),
    });
    if (tracks.length === 0) return undefined;
    const end = Math.min(...tracks.map(endOfTrack));
    const promised = range.end === undefined ? undefined : startSeconds + durationSeconds;
    const notes = checkLength(source, end, complaints, promised);
    return { kind: "tracks", tracks, durationSeconds: end - startSeconds, notes };
  } catch (error) {
    if (error instanceof SeekMissed) return undefined;
    throw error;
  }
}
