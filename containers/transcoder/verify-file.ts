import { MediaError } from "../../src/errors.ts";
import type { VideoCodec } from "../../src/video/codecs.ts";
import type { FrameSize } from "../../src/video/frame-size.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { probeFile, type RunPlace } from "./run-ffmpeg.ts";

/** What a file was planned to hold. */
interface PlannedFile {
  size: FrameSize;
  codec: VideoCodec;
  /** Of sound. */
  tracks: number;
}

/** As ffprobe calls them, where that is something else. */
const PROBED: Partial<Record<VideoCodec, string>> = { h265: "hevc" };

/**
 * Reads a file back: the streams that were planned are in it, upright and of the planned size.
 * @throws {MediaError} `invalid_result`
 */
export async function verifyFile(
  place: RunPlace,
  file: string,
  { size, codec, tracks }: PlannedFile,
): Promise<{ durationSeconds: number; frameCount: number | undefined }> {
  const made: SourceDescription = await probeFile(place, file).catch((cause) => {
    place.signal.throwIfAborted();
    throw new MediaError("invalid_result", "The encoded file cannot be read back.", { cause });
  });
  const { video } = made;
  const asPlanned =
    video?.width === size.width &&
    video.height === size.height &&
    video.rotation === 0 &&
    video.codec === (PROBED[codec] ?? codec) &&
    made.audio.length === tracks;
  if (!asPlanned) throw new MediaError("invalid_result", "The encoded file is not what was planned.");
  return { durationSeconds: video.durationSeconds ?? made.durationSeconds, frameCount: video.frameCount };
}
