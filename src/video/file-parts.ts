import { planFileAudio } from "./file-audio.ts";
import { type FileOutput, isFileOutput } from "./file-output.ts";
import { planFile } from "./file-plan.ts";
import type { StreamOutput } from "./output.ts";
import type { SourceDescription } from "./source.ts";
import { planGrid, planStream, type StreamPlan } from "./stream-plan.ts";

/** Long segments: they are joined and not seen again, and each is a file to fetch. */
const SEGMENT_SECONDS = 10;

/** The one rendition of a file, as its tracks are called until they are joined. */
const TRACK_ID = "video";

/**
 * How a file is encoded in parts, with the machinery of streams: segments of one rendition, and the sound by itself.
 * Undefined where it has to be made in one piece: what is cut, timed or rated anew, and what asks for more than a
 * stream's H.264 and AAC.
 */
export function planFileParts(source: SourceDescription, output: FileOutput): StreamPlan | undefined {
  const { video } = source;
  if (video === undefined || video.variableFrameRate || !isPlain(output)) return undefined;
  const plan = planFile(source, output);
  if (plan.cut.isCut || plan.layout.before.length > 0 || plan.layout.after.length > 0) return undefined;
  const audio = planFileAudio(source, output);
  const { maxVideoKbps: maxrateKbps, bufferKbits } = plan.output;
  const rates = { videoKbps: maxrateKbps ?? 1, audioKbps: output.audioKbps };
  const rendition = {
    ...{ id: TRACK_ID, ...plan.layout.size, ...rates },
    ...{ maxrateKbps, bufferKbps: bufferKbits ?? (maxrateKbps && maxrateKbps * 2) },
  };
  return {
    startSeconds: source.startSeconds,
    video,
    renditions: [rendition],
    audio: audio === undefined ? [] : [audio],
    grid: planGrid(video, SEGMENT_SECONDS, [rendition]),
    output: asStream(output, Math.min(plan.layout.size.width, plan.layout.size.height), rates),
  };
}

/** The plan of a stream, or of a file that is made in parts. */
export function planParts(source: SourceDescription, output: StreamOutput | FileOutput): StreamPlan {
  if (!isFileOutput(output)) return planStream(source, output);
  const plan = planFileParts(source, output);
  if (plan === undefined) throw new Error(`${output.name} cannot be made in parts.`);
  return plan;
}

/** Nothing is asked for that the encoders of streams are not told. */
function isPlain(output: FileOutput): boolean {
  const { videoCodec = "h264", audioCodec = "aac", format } = output;
  const special = [
    ...[output.targetVideoKbps, output.frameRate, output.keyframeSeconds, output.level, output.tune],
    ...[output.codecProfile, output.pixelFormat === "yuv420p" ? undefined : output.pixelFormat],
  ];
  const isHeld = format === "mp4" || format === "mkv";
  return (
    isHeld && videoCodec === "h264" && audioCodec === "aac" && special.every((each) => each === undefined)
  );
}

function asStream(
  { name, crf, encoderPreset, watermark }: FileOutput,
  shortSidePx: number,
  rates: { videoKbps: number; audioKbps: number },
): StreamOutput {
  const variants = [{ shortSidePx, ...rates }];
  return { format: "hls", name, variants, segmentSeconds: SEGMENT_SECONDS, crf, encoderPreset, watermark };
}
