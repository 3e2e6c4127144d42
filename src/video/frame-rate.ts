/** Above this a reported rate is a clock (1000/1 of Matroska, 90000/1 of MPEG-TS), not a frame rate. */
const MAX_FRAME_RATE = 300;
const FALLBACK: FrameRate = { numerator: 25, denominator: 1 };

/** Frames per second as a ratio, so that 29.97 stays 30000/1001 over hours. */
export interface FrameRate {
  numerator: number;
  denominator: number;
}

export interface FrameTiming {
  rate: FrameRate;
  /** Frame times do not lie on a grid of 1 / rate. */
  variable: boolean;
}

/**
 * What the two rates of ffprobe say together: `average` is frames over duration, `nominal` the coarsest grid on
 * which all frame times lie. Close to each other: constant. Interlaced streams report the field rate as nominal.
 */
export function frameTimingOf(average: string, nominal: string, interlaced: boolean): FrameTiming {
  const averageRate = parseFrameRate(average);
  const nominalRate = parseFrameRate(nominal);
  if (averageRate === undefined) {
    // Where the average is a clock, nothing confirms the grid: on one of twice the rate every frame would be shown twice.
    const confirmed = nominalRate !== undefined && !isClock(average);
    return { rate: nominalRate ?? FALLBACK, variable: !confirmed };
  }
  if (nominalRate === undefined) return { rate: averageRate, variable: true };
  const ratio = framesPerSecond(averageRate) / framesPerSecond(nominalRate);
  if (Math.abs(ratio - 1) < 0.01) return { rate: nominalRate, variable: false };
  if (interlaced && Math.abs(ratio - 0.5) < 0.01) return { rate: averageRate, variable: false };
  return { rate: averageRate, variable: true };
}

function isClock(text: string): boolean {
  const [numerator = 0, denominator = 0] = text.split("/").map(Number);
  return denominator > 0 && numerator / denominator > MAX_FRAME_RATE;
}

/** `"30000/1001"` as a ratio; `undefined` for `0/0` and for clocks that pose as a frame rate. */
export function parseFrameRate(text: string): FrameRate | undefined {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const rate = { numerator: Number(match?.[1] ?? 0), denominator: Number(match?.[2] ?? 0) };
  const value = rate.denominator === 0 ? 0 : framesPerSecond(rate);
  return value > 0 && value <= MAX_FRAME_RATE ? rate : undefined;
}

export function framesPerSecond(rate: FrameRate): number {
  return rate.numerator / rate.denominator;
}

/** The ratio behind a decimal rate: whole, n/1001 for the NTSC family, thousandths for the rest. */
export function frameRateFromDecimal(value: number): FrameRate {
  if (Math.abs(value - Math.round(value)) < 0.001) return { numerator: Math.round(value), denominator: 1 };
  const ntsc = Math.round(value) * 1000;
  if (Math.abs(value - ntsc / 1001) < 0.005) return { numerator: ntsc, denominator: 1001 };
  return { numerator: Math.round(value * 1000), denominator: 1000 };
}
