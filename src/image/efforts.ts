import type { ImageFormat } from "./output.ts";

/** How much time is spent on making a file smaller at the same quality. */
export const EFFORTS = ["fast", "balanced", "best"] as const;
export type Effort = (typeof EFFORTS)[number];

/**
 * What the encoders of the edge take an effort for: libwebp's method (0–6) and libaom's speed (10–0). mozjpeg tries its
 * trellis again and again at the best, and knows no faster way; the PNG encoder has one way only.
 */
export const EDGE_EFFORT = {
  webp: { fast: 2, balanced: 4, best: 6 },
  avif: { fast: 10, balanced: 8, best: 5 },
} as const satisfies Partial<Record<ImageFormat, Record<Effort, number>>>;

/** As {@link EDGE_EFFORT}, of libvips, where more is slower: of PNG the level of zlib, of GIF that of its search. */
export const CONTAINER_EFFORT = {
  webp: { fast: 2, balanced: 4, best: 6 },
  avif: { fast: 1, balanced: 4, best: 7 },
  png: { fast: 2, balanced: 6, best: 9 },
  gif: { fast: 3, balanced: 7, best: 10 },
} as const satisfies Partial<Record<ImageFormat, Record<Effort, number>>>;
