import type { JpegOptions, Scan } from "./jpeg-writer.ts";

/** Every sampling that cameras and encoders write, by its usual name. */
export const SAMPLINGS = {
  gray: [[1, 1]],
  "gray 2×2": [[2, 2]],
  "4:4:4": [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
  "4:2:2": [
    [2, 1],
    [1, 1],
    [1, 1],
  ],
  "4:4:0": [
    [1, 2],
    [1, 1],
    [1, 1],
  ],
  "4:2:0": [
    [2, 2],
    [1, 1],
    [1, 1],
  ],
  "4:1:1": [
    [4, 1],
    [1, 1],
    [1, 1],
  ],
  "4:1:0": [
    [4, 2],
    [1, 1],
    [1, 1],
  ],
  uneven: [
    [2, 2],
    [2, 1],
    [1, 2],
  ],
} satisfies Record<string, [number, number][]>;

/** Scan scripts: spectral selection, successive approximation, and both, over one component or three. */
export function scriptsOf(components: number): Record<string, Scan[]> {
  const all = Array.from({ length: components }, (_, component) => component);
  const dc = (before: number, now: number): Scan => ({ components: all, first: 0, last: 0, before, now });
  const ac = (first: number, last: number, before: number, now: number): Scan[] =>
    all.map((component) => ({ components: [component], first, last, before, now }));
  return {
    bands: [dc(0, 0), ...ac(1, 5, 0, 0), ...ac(6, 63, 0, 0)],
    bits: [dc(0, 1), ...ac(1, 63, 0, 2), ...ac(1, 63, 2, 1), dc(1, 0), ...ac(1, 63, 1, 0)],
    both: [dc(0, 1), ...ac(1, 5, 0, 2), ...ac(6, 63, 0, 2), ...ac(1, 63, 2, 1), dc(1, 0), ...ac(1, 63, 1, 0)],
  };
}

/** Something like a photo in YCbCr: smooth light, soft colour, fine texture and an edge in luma. */
export function photoSample({ width, height }: { width: number; height: number }): JpegOptions["sample"] {
  return (component, x, y) => {
    const light = 128 + 80 * Math.sin((x / (width + 1)) * 5) * Math.cos((y / (height + 1)) * 4);
    if (component === 1) return 128 + 40 * Math.cos((x / (width + 1)) * 3 + (y / (height + 1)) * 2);
    if (component === 2) return 128 + 40 * Math.sin((y / (height + 1)) * 3);
    const texture = 10 * Math.sin(x * 1.1 + y * 0.7) * Math.sin(y * 0.9);
    return Math.min(255, Math.max(0, light + texture + (x + y > (width + height) / 2 ? 30 : 0)));
  };
}
