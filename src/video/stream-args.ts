import { AAC_FRAME_SAMPLES, type AudioPlan, audioEncoderArgs } from "./audio-encoder.ts";
import {
  type FfmpegSetting,
  FILE_TIMES_ARGS,
  globalArgs,
  inputArgs,
  inputArgsAround,
} from "./ffmpeg-args.ts";
import { keyframeArgs } from "./keyframe-args.ts";
import type { Rendition } from "./ladder.ts";
import { overlayGraph, overlayInput } from "./overlay.ts";
import { everySecondFrame, pickFilters } from "./pick-filters.ts";
import {
  gridOf,
  largestRendition,
  type SegmentGrid,
  type SegmentRange,
  type StreamPlan,
  WHOLE,
} from "./stream-plan.ts";
import type { SoundOfStream } from "./stream-sound.ts";
import { colorTagArgs, h264Args, STRIP_METADATA_ARGS } from "./video-encoder.ts";
import { deinterlaceFilters, finishFilters, scaleFilter } from "./video-filters.ts";

/** Pipe of the first track; 0–2 are stdin, progress and stderr. */
export const FIRST_TRACK_FD = 3;
/** Audio fragments to a segment: how near an audio segment can come to the segment grid of the picture. */
const AUDIO_FRAGMENTS_PER_SEGMENT = 12;

/**
 * Arguments that decode the source once and encode every rendition, and the audio apart, each as fragmented MP4 into
 * its own pipe: `pipe:3` is the first rendition, the audio comes last. One fragment is one closed GOP.
 */
export function streamArgs(plan: StreamPlan, setting: FfmpegSetting): string[] {
  return [
    ...globalArgs(setting),
    ...inputArgs(setting),
    ...overlayInput(setting.overlay),
    ...videoTracksArgs(plan, setting, { range: WHOLE, timing: pickFilters(plan.grid, WHOLE, true) }),
    ...audioTracksArgs(plan, FIRST_TRACK_FD + plan.renditions.length, []),
  ];
}

/**
 * Arguments that encode the segments of one chunk for every rendition, from one decode that begins at the keyframe
 * before `seekSeconds`; `undefined` decodes from the start of the file. Frames keep their place on the timeline of the
 * whole video, and so do the fragments.
 */
export function chunkArgs(
  plan: StreamPlan,
  range: SegmentRange,
  seekSeconds: number | undefined,
  setting: FfmpegSetting,
): string[] {
  return [
    ...globalArgs(setting),
    ...FILE_TIMES_ARGS,
    ...(seekSeconds === undefined ? inputArgs(setting) : inputArgsAround(setting, seekSeconds)),
    ...overlayInput(setting.overlay),
    ...videoTracksArgs(plan, setting, {
      range,
      timing: [...shiftFilters("setpts", plan), ...pickFilters(plan.grid, range, seekSeconds === undefined)],
    }),
  ];
}

/** Arguments that encode all audio tracks, each into its own pipe from `pipe:3` on. */
export function audioArgs(plan: SoundOfStream, setting: FfmpegSetting): string[] {
  const tracks = audioTracksArgs(plan, FIRST_TRACK_FD, shiftFilters("asetpts", plan));
  return [...globalArgs(setting), ...FILE_TIMES_ARGS, ...inputArgs(setting), ...tracks];
}

/**
 * Where all streams of a file are read together, ffmpeg has them start at 0 together. Read apart, each could be moved
 * to a start of its own (it does that to MPEG-TS), so there the times of the file are kept and its start is taken off.
 */
function shiftFilters(filter: "setpts" | "asetpts", { startSeconds }: SoundOfStream): string[] {
  return startSeconds === 0 ? [] : [`${filter}=PTS-round(${startSeconds}/TB)`];
}

interface PictureTiming {
  range: SegmentRange;
  /** Filters that give frames their times and choose among them. */
  timing: string[];
}

function videoTracksArgs(
  plan: StreamPlan,
  setting: FfmpegSetting,
  { range, timing }: PictureTiming,
): string[] {
  const track = (rendition: Rendition, i: number) => [
    ...["-map", `[v${i}]`, ...h264Args({ ...plan.output, ...rendition }, setting.threads)],
    ...keyframeArgs(gridOf(plan.grid, rendition), range),
    ...colorTagArgs(plan.video, setting),
    ...fragmentArgs(["+frag_keyframe"], FIRST_TRACK_FD + i),
  ];
  return ["-filter_complex", splitGraph(plan, setting, timing), ...plan.renditions.flatMap(track)];
}

/** Deinterlacing, frame timing and tone mapping are done once, at the largest size; each rung scales from there. */
function splitGraph(plan: StreamPlan, setting: FfmpegSetting, timing: readonly string[]): string {
  const largest = largestRendition(plan);
  const finish = finishFilters(plan.video, largest, setting);
  const shared = [...deinterlaceFilters(plan.video), ...timing, ...finish];
  const splits = plan.renditions.map((_, i) => `[s${i}]`).join("");
  const rungs = plan.renditions.map((rendition, i) => {
    const grid = gridOf(plan.grid, rendition);
    const fewer = grid.kind === "frames" && grid.step === 2 ? everySecondFrame(grid) : [];
    return `[s${i}]${[...fewer, scaleFilter(rendition)].join(",")}[v${i}]`;
  });
  const frames = { size: largest, pixelFormat: "yuv420p" };
  const split = `,split=${plan.renditions.length}${splits}`;
  return [overlayGraph(shared, setting.overlay, frames, split), ...rungs].join(";");
}

function audioTracksArgs(plan: SoundOfStream, firstFd: number, timing: string[]): string[] {
  return plan.audio.flatMap((audio, i) => audioTrackArgs(audio, plan.grid, firstFd + i, timing));
}

/**
 * An AAC encoder delivers each sample one frame late. The first frame of the source's sound is dropped so that the
 * delay takes its place and the track starts at time 0 without an edit list, in step with the picture.
 */
function audioTrackArgs(audio: AudioPlan, grid: SegmentGrid, fd: number, timing: string[]): string[] {
  const fragmentUs = Math.round((grid.segmentSeconds / AUDIO_FRAGMENTS_PER_SEGMENT) * 1_000_000);
  return [
    ...["-map", `0:a:${audio.trackIndex}`],
    ...audioEncoderArgs(audio, { before: timing, after: [`atrim=start_sample=${AAC_FRAME_SAMPLES}`] }),
    ...["-frag_duration", String(fragmentUs)],
    ...fragmentArgs([], fd),
  ];
}

/**
 * The index waits for the first fragment, so that its edit list can say how late the first frame is decoded; the times
 * of fragments are those of their frames even where the first one is far from 0 (`frag_discont`).
 */
function fragmentArgs(flags: string[], fd: number): string[] {
  const movflags = [...flags, "+delay_moov", "+default_base_moof", "+skip_trailer", "+frag_discont"].join("");
  return [
    ...STRIP_METADATA_ARGS,
    ...["-max_muxing_queue_size", "4096", "-movflags", movflags, "-brand", "iso6", "-f", "mp4", `pipe:${fd}`],
  ];
}
