import { MediaError } from "../errors.ts";
import type { AudioPlan } from "./audio-encoder.ts";
import { type Cut, planCut } from "./cut.ts";
import { planFileAudio } from "./file-audio.ts";
import { levelOf, peakWithinLevel } from "./file-level.ts";
import type { FileOutput } from "./file-output.ts";
import { type FrameLayout, layFrame } from "./frame-layout.ts";
import { frameRateFromDecimal } from "./frame-rate.ts";
import { keepsHdr } from "./kept-hdr.ts";
import { fitsLevel, levelLimits, shrinkToLevel } from "./levels.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";
import { type FilterSupport, isHdr } from "./video-filters.ts";

/** What one progressive file will be. */
export interface FilePlan {
  video: VideoDescription;
  layout: FrameLayout;
  audio: AudioPlan | undefined;
  cut: Cut;
  /** Frames a second to arrive at, as a ratio; absent: as in the source. */
  frameRate: string | undefined;
  /** With the peak rate that its level allows. */
  output: FileOutput;
  /** What was made otherwise than asked for. */
  notes: string[];
}

/**
 * @throws {MediaError} `no_video_stream` when the source has only audio, `impossible_output` when nothing is left of it
 * between start and end, or two passes would take too long.
 */
export function planFile(source: SourceDescription, output: FileOutput): FilePlan {
  const { video } = source;
  if (video === undefined) {
    throw new MediaError("no_video_stream", "A video needs a video stream, and this file has only audio.");
  }
  const cut = planCut(source, output);
  if (output.twoPass) requireShort(cut, output);
  const { layout, notes } = layWithinLevel(video, output);
  return {
    video,
    layout,
    audio: planFileAudio(source, output),
    cut,
    frameRate: output.frameRate === undefined ? undefined : ratioOf(output.frameRate),
    output: { ...output, maxVideoKbps: peakWithinLevel(output) },
    notes: [...cut.notes, ...notes],
  };
}

/** Two passes read the source twice, in one piece: nothing of that is kept when it is interrupted. */
const MAX_TWO_PASS_SECONDS = 2 * 3_600;

function requireShort({ durationSeconds }: Cut, { name }: FileOutput): void {
  if (durationSeconds <= MAX_TWO_PASS_SECONDS) return;
  throw new MediaError(
    "impossible_output",
    `${name} is ${Math.round(durationSeconds / 60)} minutes long, and two passes are made of ${MAX_TWO_PASS_SECONDS / 60} at the most: leave out two_pass, or cut it.`,
  );
}

/** Pictures that are more than the level holds are made smaller. */
function layWithinLevel(
  video: VideoDescription,
  output: FileOutput,
): { layout: FrameLayout; notes: string[] } {
  const layout = layFrame(video, output);
  const level = levelOf(output);
  const limits = level === undefined ? undefined : levelLimits(output.videoCodec ?? "h264", level);
  const frameRate = output.frameRate ?? video.frameRate;
  if (limits === undefined || fitsLevel(limits, layout.size, frameRate)) return { layout, notes: [] };
  const { width, height } = shrinkToLevel(limits, layout.size, frameRate);
  const smaller = layFrame(video, { ...output, width, height });
  const { size } = layout;
  return {
    layout: smaller,
    notes: [
      `${output.name} is ${smaller.size.width}×${smaller.size.height}, not ${size.width}×${size.height}: more pixels at ${Math.round(frameRate * 100) / 100} frames a second is more than level ${level} holds.`,
    ],
  };
}

function ratioOf(frameRate: number): string {
  const { numerator, denominator } = frameRateFromDecimal(frameRate);
  return `${numerator}/${denominator}`;
}

/** Sentences for the job about what could not be done as well as it should. */
export function notesOnColor({ video, output }: FilePlan, setting: FilterSupport): string[] {
  if (!isHdr(video) || setting.toneMapping || keepsHdr(video, output)) return [];
  return ["The source is HDR and this ffmpeg has no tone mapping, so colours may look washed out."];
}
