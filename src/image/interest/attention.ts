import { lumaOf } from "../luma.ts";
import type { Pixels } from "../pixels.ts";

/** Human skin of all shades has much the same proportions of red, green and blue, whatever the light. */
const SKIN = unit(0.78, 0.57, 0.44);
/** Cosine to {@link SKIN} above which a colour counts as skin, fully so at 1. */
const LEAST_SKIN = 0.975;
const SKIN_LUMA = { min: 50, max: 245 };

const WEIGHTS = { edge: 1, skin: 1.6, saturation: 0.4 };
/** Flat patches of skin or colour draw the eye less than those with detail in them. */
const FLAT_SHARE = 0.25;

/** How much each pixel draws the eye: edges, skin, and strong colour where it is neither black nor white; 0–3. */
export function attentionScores(pixels: Pixels): Float32Array {
  const { width, height, data } = pixels;
  const luma = lumaOf(pixels);
  return luma.map((light, pixel) => {
    const at = pixel * 4;
    const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    const edge = edgeAt(luma, pixel, width, height);
    const detail = FLAT_SHARE + (1 - FLAT_SHARE) * edge;
    const color =
      WEIGHTS.skin * skinOf(red, green, blue, light) + WEIGHTS.saturation * saturationOf(red, green, blue);
    return ((data[at + 3] ?? 255) / 255) * (WEIGHTS.edge * edge + color * detail);
  });
}

/** Strength of the Laplacian, 0–1. */
function edgeAt(luma: Float32Array, pixel: number, width: number, height: number): number {
  const column = pixel % width;
  const row = (pixel - column) / width;
  if (column === 0 || row === 0 || column === width - 1 || row === height - 1) return 0;
  const around =
    (luma[pixel - 1] ?? 0) + (luma[pixel + 1] ?? 0) + (luma[pixel - width] ?? 0) + (luma[pixel + width] ?? 0);
  return Math.min(1, Math.abs(4 * (luma[pixel] ?? 0) - around) / 255);
}

function skinOf(red: number, green: number, blue: number, light: number): number {
  if (light < SKIN_LUMA.min || light > SKIN_LUMA.max) return 0;
  const [r, g, b] = unit(red, green, blue);
  const cosine = r * SKIN[0] + g * SKIN[1] + b * SKIN[2];
  return Math.max(0, (cosine - LEAST_SKIN) / (1 - LEAST_SKIN));
}

function saturationOf(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  return most < 40 || least > 230 ? 0 : (most - least) / most;
}

function unit(red: number, green: number, blue: number): readonly [number, number, number] {
  // `Math.hypot` guards against overflow, at ten times the price.
  const length = Math.sqrt(red * red + green * green + blue * blue) || 1;
  return [red / length, green / length, blue / length];
}
