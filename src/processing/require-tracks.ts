import { MediaError } from "../errors.ts";
import type { VideoOutput } from "../video/output.ts";
import { planSound, requireSound } from "../video/sound-plan.ts";
import type { SourceDescription } from "../video/source.ts";
import { planSoundOf } from "../video/stream-sound.ts";

/**
 * The source has what an output is made from: sound for a file of sound, a picture for all others. Cover art is picture
 * enough for a still, and a stream may be of sound alone unless a logo is to be seen on it.
 *
 * @throws MediaError `no_video_stream` or `no_audio_stream`
 */
export function requireTracks(source: SourceDescription, output: VideoOutput): void {
  switch (output.format) {
    case "m4a":
    case "mp3":
    case "ogg":
      planSound(source, output);
      return;
    case "analysis":
      return;
    case "waveform":
      requireSound(source);
      return;
    case "thumbnail":
      if (source.video || source.attachedPicture) return;
      break;
    case "hls":
    case "dash":
    case "adaptive":
      if (source.video) return;
      if (output.watermark !== undefined) break;
      planSoundOf(source, output);
      return;
    default:
      if (source.video) return;
  }
  throw new MediaError(
    "no_video_stream",
    `The file has sound but no picture, and ${output.name} cannot be made without one.`,
  );
}
