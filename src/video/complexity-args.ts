import { type ComplexityPoint, PROBE_CRFS } from "./complexity.ts";
import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import { type FrameSize, scaleToShortSide } from "./frame-size.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";
import { pictureFilters } from "./video-filters.ts";

/** Short side of the copies that are encoded, px: large enough for text to count, small enough to take no time. */
const COPY_SHORT_SIDE_PX = 240;
const SAMPLE_SECONDS = 2;
/** Up to this length all of it is one sample. */
const MAX_WHOLE_SECONDS = 10;
/** As in a stream: of what hardly moves, keyframes are most of it. */
const GOP_SECONDS = 2;
const SAMPLES = 5;
/** Of pictures whose decoding is the larger part, px/s. */
const SAMPLES_OF_LARGE = 3;
const LARGE_PIXELS_PER_SECOND = 1920 * 1080 * 60;

export interface ComplexitySamples {
  size: FrameSize;
  runs: { args: string[]; seconds: number }[];
}

/** Runs of ffmpeg that encode seconds from all over a video twice and write nothing: x264 tells what came of it. */
export function planComplexitySamples(
  source: SourceDescription,
  video: VideoDescription,
  setting: FfmpegSetting,
): ComplexitySamples {
  const size = scaleToShortSide(video, Math.min(COPY_SHORT_SIDE_PX, video.width, video.height));
  const graph = pictureFilters(video, size, setting).join(",");
  const total = video.durationSeconds ?? source.durationSeconds;
  const gopFrames = Math.max(1, Math.round(GOP_SECONDS * video.frameRate));
  const args = (seekSeconds: number | undefined, seconds: number) => [
    ...globalArgs(setting),
    // x264 tells its figures at this level alone.
    ...["-v", "info"],
    ...inputArgs(setting, seekSeconds),
    ...["-filter_complex", `[0:V:0]${graph},format=yuv420p,split=2[a][b]`],
    ...PROBE_CRFS.flatMap((crf, i) => encodeArgs(`[${"ab"[i]}]`, { crf, seconds, gopFrames })),
  ];
  if (total <= MAX_WHOLE_SECONDS) {
    return { size, runs: [{ args: args(undefined, MAX_WHOLE_SECONDS), seconds: total }] };
  }
  const isLarge = video.width * video.height * video.frameRate > LARGE_PIXELS_PER_SECOND;
  const count = isLarge ? SAMPLES_OF_LARGE : SAMPLES;
  const starts = Array.from({ length: count }, (_, i) => ((i + 0.5) / count) * total - SAMPLE_SECONDS / 2);
  return { size, runs: starts.map((at) => ({ args: args(at, SAMPLE_SECONDS), seconds: SAMPLE_SECONDS })) };
}

/** One thread: x264 makes other choices with more. */
function encodeArgs(
  label: string,
  { crf, seconds, gopFrames }: { crf: number; seconds: number; gopFrames: number },
): string[] {
  return [
    ...["-map", label, "-c:v", "libx264", "-preset", "veryfast", "-crf", String(crf)],
    ...["-g", String(gopFrames), "-sc_threshold", "0", "-x264-params", "ssim=1"],
    ...["-threads", "1", "-t", String(seconds), "-f", "null", "-"],
  ];
}

/** What x264 said at the end of both encodes, the finer one first; undefined when it had no frame to encode. */
export function readComplexity(
  log: string,
  { width, height }: FrameSize,
  frameRate: number,
): [ComplexityPoint, ComplexityPoint] | undefined {
  const ssims = [...log.matchAll(/SSIM Mean Y:([\d.]+)/g)].map(([, value]) => Number(value));
  const rates = [...log.matchAll(/\bkb\/s:([\d.]+)/g)].map(([, value]) => Number(value));
  const points = rates
    .map((kbps, i) => ({
      bitsPerPixel: (kbps * 1000) / (width * height * frameRate),
      ssim: ssims[i] ?? Number.NaN,
    }))
    .toSorted((a, b) => b.bitsPerPixel - a.bitsPerPixel);
  const [fine, coarse] = points;
  if (points.length !== 2 || fine === undefined || coarse === undefined) return undefined;
  const isMeasured = [fine, coarse].every(({ bitsPerPixel, ssim }) => bitsPerPixel > 0 && ssim >= 0);
  return isMeasured
    ? [
        { crf: PROBE_CRFS[0], ...fine },
        { crf: PROBE_CRFS[1], ...coarse },
      ]
    : undefined;
}
