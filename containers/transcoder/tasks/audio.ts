import { MediaError } from "../../../src/errors.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { audioArgs } from "../../../src/video/stream-args.ts";
import { planSoundOf } from "../../../src/video/stream-sound.ts";
import { endOfTrack } from "../../../src/video/verify-tracks.ts";
import { encodeTracks } from "../encode-tracks.ts";
import { ciphersOf } from "../segment-cipher.ts";
import type { TaskContext } from "../task-context.ts";
import { audioSpecs } from "../track-specs.ts";

type AudioRequest = Extract<TaskRequest, { kind: "audio" }>;

/**
 * Encodes the audio tracks of a source whose picture is encoded in chunks, or that has none: in one piece, since cut on
 * the grid of the picture it would drift.
 */
export async function runAudio(context: TaskContext, request: AudioRequest): Promise<TaskResult> {
  const plan = planSoundOf(request.source, request.output);
  const { tracks, complaints } = await encodeTracks(context, {
    args: audioArgs(plan, context.setting),
    specs: audioSpecs(plan),
    ciphers: ciphersOf(request),
    durationSeconds: request.source.durationSeconds,
  });
  if (tracks.length === 0) {
    throw new MediaError("invalid_result", "The encoder wrote no audio.", { privateDetail: complaints });
  }
  return { kind: "tracks", tracks, durationSeconds: Math.max(...tracks.map(endOfTrack)), notes: [] };
}
