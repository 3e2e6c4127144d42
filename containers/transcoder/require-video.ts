import { MediaError } from "../../src/errors.ts";
import type { SourceDescription, VideoDescription } from "../../src/video/source.ts";

/** @throws {MediaError} `no_video_stream` */
export function requireVideo({ video }: SourceDescription): VideoDescription {
  if (video !== undefined) return video;
  throw new MediaError("no_video_stream", "This output needs video, and the file has only audio.");
}
