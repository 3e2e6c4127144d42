import { MediaError } from "../../../src/errors.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { streamArgs } from "../../../src/video/stream-args.ts";
import { largestOf, largestRendition, planStream, WHOLE } from "../../../src/video/stream-plan.ts";
import { endOfTrack } from "../../../src/video/verify-tracks.ts";
import { checkLength } from "../check-length.ts";
import { encodeTracks } from "../encode-tracks.ts";
import { overlayLogo } from "../overlay-logo.ts";
import { ciphersOf } from "../segment-cipher.ts";
import type { TaskContext } from "../task-context.ts";
import { audioSpecs, videoSpecs } from "../track-specs.ts";

type StreamRequest = Extract<TaskRequest, { kind: "stream" }>;

/** Encodes every rendition and the audio of a short source from one decode. */
export async function runStream(context: TaskContext, request: StreamRequest): Promise<TaskResult> {
  const plan = planStream(request.source, request.output);
  const { watermark } = request.output;
  const overlay = await overlayLogo(context, watermark, largestRendition(plan), request.logos);
  const { tracks, complaints } = await encodeTracks(context, {
    args: streamArgs(plan, { ...context.setting, overlay }),
    specs: [...videoSpecs(plan, WHOLE), ...audioSpecs(plan)],
    ciphers: ciphersOf(request),
    durationSeconds: request.source.durationSeconds,
    resolution: largestOf(plan),
  });
  if (tracks.length === 0) {
    throw new MediaError("invalid_result", "The encoder wrote no video.", { privateDetail: complaints });
  }
  const video = tracks.filter((track) => track.kind === "video");
  const notes = checkLength(request.source, Math.min(...video.map(endOfTrack)), complaints);
  return { kind: "tracks", tracks, durationSeconds: Math.max(...tracks.map(endOfTrack)), notes };
}
