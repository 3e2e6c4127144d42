import type { VideoOutput } from "../../video/output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { pictureOf } from "./resolve-picture.ts";
import { soundOf, waveformOf } from "./resolve-sound.ts";
import { previewOf, stillsOf, storyboardOf } from "./resolve-still.ts";
import { streamOf } from "./resolve-stream.ts";
import { videoFileOf } from "./resolve-video-file.ts";

/** What a specification makes of a video or of sound: one output for each file, but for streams and storyboards. */
export function videoOutputsOf(
  specification: NamedSpecification,
  defaultLogo: string | undefined,
): VideoOutput[] {
  if (specification.waveform) return [waveformOf(specification)];
  switch (specification.format) {
    case "mp4":
    case "webm":
    case "mkv":
    case "ts":
      return [videoFileOf(specification, specification.format, defaultLogo)];
    case "hls":
    case "dash":
    case "adaptive":
      return [streamOf(specification, specification.format, defaultLogo)];
    case "json":
      return [{ format: "analysis", name: specification.name }];
    case "m4a":
    case "mp3":
    case "ogg":
      return [soundOf(specification)];
    default:
      return picturesOf(specification, defaultLogo);
  }
}

function picturesOf(specification: NamedSpecification, defaultLogo: string | undefined): VideoOutput[] {
  const image = pictureOf(specification, defaultLogo);
  if (specification.storyboard) return [storyboardOf(specification, image)];
  if (specification.preview) return [previewOf(specification, image)];
  return stillsOf(specification, image);
}
