import { MediaError } from "../errors.ts";
import { planAudioTracks } from "./audio-encoder.ts";
import type { FileOutput } from "./file-output.ts";
import { isFileOutput } from "./file-output.ts";
import { planParts } from "./file-parts.ts";
import type { StreamOutput } from "./output.ts";
import type { SourceDescription } from "./source.ts";
import type { StreamPlan } from "./stream-plan.ts";

/** What the sound of a stream, or of a file that is made in parts, is encoded by. */
export type SoundOfStream = Pick<StreamPlan, "startSeconds" | "audio" | "grid">;

/**
 * The sound is cut near the grid of the picture; where there is none, a segment is as long as was asked for.
 *
 * @throws {MediaError} `no_audio_stream` when the source has neither picture nor sound that can be decoded
 */
export function planSoundOf(source: SourceDescription, output: StreamOutput | FileOutput): SoundOfStream {
  return source.video === undefined && !isFileOutput(output)
    ? planSoundAlone(source, output)
    : planParts(source, output);
}

/** Every track at the best rate of the ladder, as beside a picture. */
function planSoundAlone(
  source: SourceDescription,
  { variants, segmentSeconds }: StreamOutput,
): SoundOfStream {
  const audio = planAudioTracks(source, Math.max(...variants.map(({ audioKbps }) => audioKbps)));
  if (audio.length === 0) {
    throw new MediaError("no_audio_stream", "The file has no sound that could be decoded.");
  }
  const { startSeconds } = source;
  return { startSeconds, audio, grid: { kind: "times", gopSeconds: segmentSeconds, segmentSeconds } };
}
