import { AAC_FRAME_SAMPLES, type AudioPlan, audioEncoderArgs } from "./audio-encoder.ts";
import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import type { Rendition } from "./ladder.ts";
import type { SegmentGrid, StreamPlan } from "./stream-plan.ts";
import { colorTagArgs, h264Args, STRIP_METADATA_ARGS } from "./video-encoder.ts";
import { pictureFilters, scaleFilter } from "./video-filters.ts";

/** Pipe of the first track; 0–2 are stdin, progress and stderr. */
export const FIRST_TRACK_FD = 3;
/** Audio fragments to a segment: how near an audio segment can come to the segment grid of the picture. */
const AUDIO_FRAGMENTS_PER_SEGMENT = 12;
/** Longest run without a keyframe that x264 may be left with; keyframes are forced by expression. */
const KEYFRAME_INTERVAL_CEILING = 9999;

/**
 * Arguments that decode the source once and encode every rendition, and the audio apart, each as fragmented MP4 into
 * its own pipe: `pipe:3` is the first rendition, the audio comes last. One fragment is one closed GOP.
 */
export function streamArgs(plan: StreamPlan, setting: FfmpegSetting): string[] {
  const tracks = plan.renditions.flatMap((rendition, i) => renditionArgs(plan, rendition, i, setting));
  const audioFd = FIRST_TRACK_FD + plan.renditions.length;
  return [
    ...globalArgs(setting),
    ...inputArgs(setting),
    ...["-filter_complex", splitGraph(plan, setting)],
    ...tracks,
    ...(plan.audio === undefined ? [] : audioTrackArgs(plan.audio, plan.grid, audioFd)),
  ];
}

/** Deinterlacing, tone mapping and frame timing are done once, at the largest size; each rung scales from there. */
function splitGraph(plan: StreamPlan, setting: FfmpegSetting): string {
  const largest = plan.renditions.reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a));
  const shared = [timingFilter(plan.grid), ...pictureFilters(plan.video, largest, setting), "format=yuv420p"];
  const splits = plan.renditions.map((_, i) => `[s${i}]`).join("");
  const rungs = plan.renditions.map((rendition, i) => `[s${i}]${scaleFilter(rendition)}[v${i}]`);
  return [`[0:V:0]${shared.join(",")},split=${plan.renditions.length}${splits}`, ...rungs].join(";");
}

/** The first picture stands from time 0, where the audio starts too. */
function timingFilter(grid: SegmentGrid): string {
  return grid.kind === "frames"
    ? `fps=${grid.rate.numerator}/${grid.rate.denominator}:start_time=0`
    : "setpts='if(eq(N,0),0,PTS)'";
}

function renditionArgs(plan: StreamPlan, rendition: Rendition, i: number, setting: FfmpegSetting): string[] {
  const rate = { ...plan.output, ...rendition };
  return [
    ...["-map", `[v${i}]`, ...h264Args(rate, setting.threads), ...keyframeArgs(plan.grid)],
    ...colorTagArgs(plan.video, setting),
    ...fragmentArgs(["+frag_keyframe"], FIRST_TRACK_FD + i),
  ];
}

/** Keyframes exactly on the grid and nowhere else; each closes its GOP, so a segment decodes alone. */
function keyframeArgs(grid: SegmentGrid): string[] {
  const fixed = ["-sc_threshold", "0", "-forced-idr", "1", "-flags:v", "+cgop", "-keyint_min", "1"];
  const interval = ["-g", String(KEYFRAME_INTERVAL_CEILING), "-fps_mode"];
  if (grid.kind === "frames") {
    const onGrid = `expr:not(mod(mod(n,${grid.segmentFrames}),${grid.gopFrames}))`;
    return [...fixed, ...interval, "passthrough", "-force_key_frames", onGrid];
  }
  const clock = ["-enc_time_base", "1:90000", "-video_track_timescale", "90000"];
  return [
    ...fixed,
    ...interval,
    "vfr",
    ...clock,
    "-force_key_frames",
    `expr:gte(t,n_forced*${grid.gopSeconds})`,
  ];
}

/**
 * An AAC encoder delivers each sample one frame late. The first frame of the source's sound is dropped so that the
 * delay takes its place and the track starts at time 0 without an edit list, in step with the picture.
 */
function audioTrackArgs(audio: AudioPlan, grid: SegmentGrid, fd: number): string[] {
  const fragmentUs = Math.round((grid.segmentSeconds / AUDIO_FRAGMENTS_PER_SEGMENT) * 1_000_000);
  return [
    ...["-map", `0:a:${audio.trackIndex}`],
    ...audioEncoderArgs(audio, [`atrim=start_sample=${AAC_FRAME_SAMPLES}`]),
    ...["-frag_duration", String(fragmentUs)],
    ...fragmentArgs([], fd),
  ];
}

/** The index waits for the first fragment, so that its edit list can say how late the first frame is decoded. */
function fragmentArgs(flags: string[], fd: number): string[] {
  const movflags = [...flags, "+delay_moov", "+default_base_moof", "+skip_trailer"].join("");
  return [
    ...STRIP_METADATA_ARGS,
    ...["-max_muxing_queue_size", "4096", "-movflags", movflags, "-brand", "iso6", "-f", "mp4", `pipe:${fd}`],
  ];
}
