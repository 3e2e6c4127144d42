import type { Pixels } from "../pixels.ts";

/** Waves of each direction, the flat one among them. */
const ACROSS = 4;
const DOWN = 3;

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/** Light of each encoded value, 0–1 (IEC 61966-2-1). */
const LIGHT = Float64Array.from({ length: 256 }, (_, value) => {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
});

type Color = [red: number, green: number, blue: number];

/**
 * The BlurHash of a picture, 4×3 components (https://github.com/woltapp/blurhash/blob/master/Algorithm.md). Transparency is
 * not looked at. Each row is summed with every wave across it, and the sums with every wave down: the cost of a pixel is
 * a dozen multiplications, where a cosine and a power for each of its components took longer than its JPEG did to decode.
 */
export function blurhashOf(pixels: Pixels): string {
  const [flat = [0, 0, 0], ...waves] = wavesOf(pixels);
  // The encoder that most pages decode for looks at positive strengths only, and so do the hashes that are stored.
  const strongest = Math.max(...waves.flat());
  const step = clamp(Math.floor(strongest * 166 - 0.5), 0, 82);
  const unit = (step + 1) / 166;
  return [
    digits(ACROSS - 1 + (DOWN - 1) * 9, 1),
    digits(step, 1),
    digits(packed(flat.map(encodedLight), 256), 4),
    ...waves.map((wave) =>
      digits(
        packed(
          wave.map((strength) => levelOf(strength / unit)),
          19,
        ),
        2,
      ),
    ),
  ].join("");
}

/** How strong each wave is in the light of each channel; the flat one is the mean colour. */
function wavesOf(pixels: Pixels): Color[] {
  const { width, height } = pixels;
  const across = cosines(ACROSS, width);
  const down = cosines(DOWN, height);
  const sums = Array.from({ length: ACROSS * DOWN }, (): Color => [0, 0, 0]);
  for (let y = 0; y < height; y++) {
    const lines = across.map((wave) => alongRow(pixels, y, wave));
    for (const [index, sum] of sums.entries()) {
      const line = lines[index % ACROSS] ?? [0, 0, 0];
      const share = down[Math.floor(index / ACROSS)]?.[y] ?? 0;
      sum[0] += line[0] * share;
      sum[1] += line[1] * share;
      sum[2] += line[2] * share;
    }
  }
  const scaleOf = (index: number) => (index === 0 ? 1 : 2) / (width * height);
  return sums.map(([red, green, blue], index) => {
    const scale = scaleOf(index);
    return [red * scale, green * scale, blue * scale];
  });
}

function alongRow({ data, width }: Pixels, y: number, wave: Float64Array): Color {
  let [red, green, blue] = [0, 0, 0];
  for (let x = 0, at = y * width * 4; x < width; x++, at += 4) {
    const share = wave[x] ?? 0;
    red += share * (LIGHT[data[at] ?? 0] ?? 0);
    green += share * (LIGHT[data[at + 1] ?? 0] ?? 0);
    blue += share * (LIGHT[data[at + 2] ?? 0] ?? 0);
  }
  return [red, green, blue];
}

function cosines(waves: number, length: number): Float64Array[] {
  return Array.from({ length: waves }, (_, wave) =>
    Float64Array.from({ length }, (__, at) => Math.cos((Math.PI * wave * at) / length)),
  );
}

function encodedLight(light: number): number {
  const bounded = clamp(light, 0, 1);
  const share = bounded <= 0.0031308 ? bounded * 12.92 : 1.055 * bounded ** (1 / 2.4) - 0.055;
  return Math.floor(share * 255 + 0.5);
}

/** A strength of −1 to 1 in 19 levels, finer about 0. */
function levelOf(strength: number): number {
  return clamp(Math.floor(Math.sign(strength) * Math.sqrt(Math.abs(strength)) * 9 + 9.5), 0, 18);
}

function packed(values: readonly number[], base: number): number {
  return values.reduce((sum, value) => sum * base + value, 0);
}

function digits(value: number, count: number): string {
  let text = "";
  for (let rest = value; text.length < count; rest = Math.floor(rest / 83))
    text = DIGITS.charAt(rest % 83) + text;
  return text;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
