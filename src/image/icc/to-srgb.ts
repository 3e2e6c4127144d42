import type { Pixels } from "../pixels.ts";
import type { Curve } from "./curve.ts";
import type { IccProfile, Matrix } from "./profile.ts";

/** The same picture in sRGB; what it is given is left as it is. */
export type ColorConversion = (pixels: Pixels) => Pixels;

/**
 * The conversion from a profile's colours to sRGB, relative colorimetric: colours that sRGB does not have are cut off
 * at its edge, channel by channel, as libvips does. It is applied to what was resampled, which is less than what was
 * decoded; on photos nobody tells the two orders apart.
 *
 * @returns undefined when the colours are those of sRGB already
 */
export function toSrgb(profile: Exclude<IccProfile, { kind: "lut" }>): ColorConversion | undefined {
  const mix = profile.kind === "gray" ? undefined : multiply(XYZ_TO_SRGB, profile.matrix);
  const curves =
    profile.kind === "gray" ? ([profile.curve, profile.curve, profile.curve] as const) : profile.curves;
  return isSame(curves, mix) ? undefined : (pixels) => convert(pixels, curves, mix);
}

/** From XYZ under D50 to the light of sRGB (IEC 61966-2-1 with Bradford's adaptation). */
const XYZ_TO_SRGB: Matrix = [
  3.1338561, -1.6168667, -0.4906146, -0.9787684, 1.9161415, 0.033454, 0.0719453, -0.2289914, 1.4052427,
];

/** Steps of light from which codes are looked up: at the darkest a fifth of a code each. */
const STEPS = 16_384;
const CODE_OF_LIGHT = Uint8Array.from({ length: STEPS }, (_, step) => encodeSrgb(step / (STEPS - 1)));

/** The 8-bit code of light, 0–1 (IEC 61966-2-1 §5.2). */
function encodeSrgb(light: number): number {
  const code = light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(code * 255);
}

function convert(
  { width, height, data }: Pixels,
  curves: readonly [Curve, Curve, Curve],
  mix?: Matrix,
): Pixels {
  const [red, green, blue] = curves.map((curve) => Float64Array.from(curve)) as [Curve, Curve, Curve];
  const converted = new Uint8ClampedArray(data.length);
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = mix ?? IDENTITY;
  for (let at = 0; at < data.length; at += 4) {
    const r = red[data[at] as number] as number;
    const g = green[data[at + 1] as number] as number;
    const b = blue[data[at + 2] as number] as number;
    converted[at] = codeOf(rr * r + rg * g + rb * b);
    converted[at + 1] = codeOf(gr * r + gg * g + gb * b);
    converted[at + 2] = codeOf(br * r + bg * g + bb * b);
    converted[at + 3] = data[at + 3] as number;
  }
  return { width, height, data: converted };
}

const IDENTITY: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];

function codeOf(light: number): number {
  const step = light <= 0 ? 0 : light >= 1 ? STEPS - 1 : (light * (STEPS - 1) + 0.5) | 0;
  return CODE_OF_LIGHT[step] as number;
}

function multiply(a: Matrix, b: Matrix): Matrix {
  const cell = (row: number, column: number) =>
    [0, 1, 2].reduce((sum, i) => sum + (a[row * 3 + i] ?? 0) * (b[i * 3 + column] ?? 0), 0);
  return Array.from({ length: 9 }, (_, at) => cell(Math.floor(at / 3), at % 3)) as unknown as Matrix;
}

/** Largest difference of a code that is none. */
const TOLERANCE = 1;

/** Whether a sample of all colours comes out as it went in. */
function isSame(curves: readonly [Curve, Curve, Curve], mix?: Matrix): boolean {
  const levels = [0, 32, 64, 96, 128, 160, 192, 224, 255];
  const data = levels.flatMap((r) => levels.flatMap((g) => levels.flatMap((b) => [r, g, b, 255])));
  const sample = { width: levels.length ** 3, height: 1, data: Uint8ClampedArray.from(data) };
  const { data: converted } = convert(sample, curves, mix);
  return converted.every((value, at) => Math.abs(value - (data[at] ?? 0)) <= TOLERANCE);
}
