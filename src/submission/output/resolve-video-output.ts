import type { VideoOutput } from "../../video/output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { stillOf } from "./resolve-still.ts";
import { streamOf } from "./resolve-stream.ts";
import { videoFileOf } from "./resolve-video-file.ts";

/** What a specification makes of a video, by its format. */
export function videoOutputOf(
  specification: NamedSpecification,
  defaultLogo: string | undefined,
): VideoOutput {
  switch (specification.format) {
    case "mp4":
      return videoFileOf(specification);
    case "hls":
    case "dash":
    case "adaptive":
      return streamOf(specification, specification.format);
    default:
      return stillOf(specification, defaultLogo);
  }
}
