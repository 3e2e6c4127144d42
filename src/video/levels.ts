import type { VideoCodec } from "./codecs.ts";
import { evenSize, type FrameSize } from "./frame-size.ts";

/** What a decoder of a level promises. */
export interface LevelLimits {
  /** Luma samples of one picture. */
  maxSamples: number;
  maxSamplesPerSecond: number;
  /** Of the main profiles (and tier). */
  maxKbps: number;
}

const MACROBLOCK_SAMPLES = 256;

/** Rec. ITU-T H.264, table A-1: MaxFS and MaxMBPS in macroblocks, MaxBR in kbit/s. */
const H264: Record<string, LevelLimits> = inSamples({
  "1.3": [396, 11_880, 768],
  "2.0": [396, 11_880, 2_000],
  "2.1": [792, 19_800, 4_000],
  "3.0": [1_620, 40_500, 10_000],
  "3.1": [3_600, 108_000, 14_000],
  "3.2": [5_120, 216_000, 20_000],
  "4.0": [8_192, 245_760, 20_000],
  "4.1": [8_192, 245_760, 50_000],
  "4.2": [8_704, 522_240, 50_000],
  "5.0": [22_080, 589_824, 135_000],
  "5.1": [36_864, 983_040, 240_000],
  "5.2": [36_864, 2_073_600, 240_000],
});

/** Rec. ITU-T H.265, tables A.8 and A.9: MaxLumaPs, MaxLumaSr, MaxBR of the main tier. */
const H265: Record<string, LevelLimits> = {
  "2.0": { maxSamples: 122_880, maxSamplesPerSecond: 3_686_400, maxKbps: 1_500 },
  "2.1": { maxSamples: 245_760, maxSamplesPerSecond: 7_372_800, maxKbps: 3_000 },
  "3.0": { maxSamples: 552_960, maxSamplesPerSecond: 16_588_800, maxKbps: 6_000 },
  "3.1": { maxSamples: 983_040, maxSamplesPerSecond: 33_177_600, maxKbps: 10_000 },
  "4.0": { maxSamples: 2_228_224, maxSamplesPerSecond: 66_846_720, maxKbps: 12_000 },
  "4.1": { maxSamples: 2_228_224, maxSamplesPerSecond: 133_693_440, maxKbps: 20_000 },
  "5.0": { maxSamples: 8_912_896, maxSamplesPerSecond: 267_386_880, maxKbps: 25_000 },
  "5.1": { maxSamples: 8_912_896, maxSamplesPerSecond: 534_773_760, maxKbps: 40_000 },
  "5.2": { maxSamples: 8_912_896, maxSamplesPerSecond: 1_069_547_520, maxKbps: 60_000 },
};

/** The levels that a file can be held to, by codec. The encoders of the others choose theirs alone. */
export const LEVELS: Partial<Record<VideoCodec, Record<string, LevelLimits>>> = { h264: H264, h265: H265 };

export const LEVEL_NAMES = [...new Set([...Object.keys(H264), ...Object.keys(H265)])].sort((a, b) =>
  Number(a) < Number(b) ? -1 : 1,
) as [string, ...string[]];

export function levelLimits(codec: VideoCodec, level: string): LevelLimits | undefined {
  return LEVELS[codec]?.[level];
}

/** Whether a decoder of the level plays pictures of this size at this rate. */
export function fitsLevel(limits: LevelLimits, size: FrameSize, frameRate: number): boolean {
  const samples = codedSamples(size);
  const longest = Math.sqrt(8 * limits.maxSamples);
  return (
    samples <= limits.maxSamples &&
    samples * frameRate <= limits.maxSamplesPerSecond * 1.001 &&
    Math.max(size.width, size.height) <= longest
  );
}

/** The largest even size with the ratio of `size` that the level plays at this rate, px. */
export function shrinkToLevel(limits: LevelLimits, size: FrameSize, frameRate: number): FrameSize {
  let made = size;
  for (let scale = 1; !fitsLevel(limits, made, frameRate) && scale > 0.02; scale *= 0.99) {
    made = evenSize({ width: size.width * scale, height: size.height * scale });
  }
  return made;
}

/** Pictures are coded in whole blocks of 16 × 16. */
function codedSamples({ width, height }: FrameSize): number {
  return Math.ceil(width / 16) * Math.ceil(height / 16) * MACROBLOCK_SAMPLES;
}

function inSamples(rows: Record<string, readonly [number, number, number]>): Record<string, LevelLimits> {
  const limits = Object.entries(rows).map(([level, [blocks, blocksPerSecond, maxKbps]]) => [
    level,
    {
      maxSamples: blocks * MACROBLOCK_SAMPLES,
      maxSamplesPerSecond: blocksPerSecond * MACROBLOCK_SAMPLES,
      maxKbps,
    },
  ]);
  return Object.fromEntries(limits);
}
