import type { SAMPLINGS } from "./pictures.ts";

type Sampling = keyof typeof SAMPLINGS;

/** What a picture is shrunk by in the tables below. */
export const SHRINKS = [2, 3, 4, 6, 8, 12] as const;

/**
 * How near decoding at a part of the size and shrinking the rest comes to decoding all of it and shrinking that with
 * libvips' Lanczos, at each of {@link SHRINKS}, dB: less than half a dB below what is reached. What is left to perfection:
 *
 * - at 1/2 all of the file is decoded, and what differs is rounding, and how colour grows to the size of the light.
 * - from 1/3 on the fast waves of each block are cut off before the filter, which would have let a little of them through:
 *   1/3 and 1/4 are decoded at 1/2, 1/6 and 1/8 at 1/4, 1/12 at 1/8.
 * - at 1/6 the reference is the one that is off: libvips averages by whole numbers first, and leaves Lanczos the rest. What
 *   sharp makes of the file itself is as far from it, and nearer to ours (see the table below at the same place).
 */
export const TO_FULL_DECODE: Record<Sampling, readonly number[]> = {
  gray: [55.5, 54.5, 52.5, 47, 54, 52.5],
  "gray 2×2": [55.5, 54.5, 52.5, 47, 54, 52.5],
  "4:4:4": [52.5, 51, 50.5, 46, 50.5, 49.5],
  "4:2:2": [52.5, 51.5, 50.5, 46, 50.5, 49.5],
  "4:4:0": [52.5, 51.5, 51, 46.5, 50.5, 50],
  "4:2:0": [52, 52, 51, 46.5, 50.5, 50],
  "4:1:1": [52, 51, 50.5, 46, 50.5, 50],
  "4:1:0": [52.5, 51.5, 51, 46.5, 50.5, 50.5],
  uneven: [52.5, 51, 50.5, 46, 50.5, 49.5],
};

/**
 * The same against what sharp makes of the file by its own shrinking while it loads, of a picture whose sides are whole
 * at 1/16. Of others that is no measure: libjpeg rounds the shrunk sides up, sharp stretches what it gets, and its result
 * is 35–46 dB from a full decode, where ours is 46–56. The colour of 4:1:1 is repeated by libjpeg and drawn by us.
 */
export const TO_SHRINK_ON_LOAD: Record<Sampling, readonly number[]> = {
  gray: [56.5, 53.5, 55.5, 51, 54, 55],
  "gray 2×2": [56.5, 53.5, 55.5, 51, 54, 55],
  "4:4:4": [53.5, 51.5, 52.5, 49.5, 51.5, 51.5],
  "4:2:2": [53.5, 50.5, 51.5, 49, 50.5, 50.5],
  "4:4:0": [54, 50.5, 51.5, 47.5, 49.5, 50],
  "4:2:0": [54.5, 51.5, 52.5, 49, 51, 51.5],
  "4:1:1": [52, 48, 49, 44, 45, 39.5],
  "4:1:0": [53, 51.5, 51.5, 49, 51, 51],
  uneven: [53, 51, 51.5, 49, 51, 50.5],
};

/** Sides of a block in samples, of 8. */
export const BLOCK_SIDES = [4, 2, 1] as const;

/**
 * The decode alone, without any filter, at 1/2, 1/4 and 1/8 of the size, against the mean of the pixels that each sample
 * stands for. At 1/8 a sample is that mean, but for rounding and for colour, which is mixed after its mean was taken and
 * not before. At the others it is better than a mean: the slow waves themselves, where a mean lets some of the fast ones
 * through as false slow ones.
 */
export const TO_MEANS: Record<Sampling, readonly number[]> = {
  gray: [50.5, 49.5, 63],
  "gray 2×2": [50.5, 49.5, 63],
  "4:4:4": [49.5, 48.5, 53],
  "4:2:2": [49.5, 48.5, 52],
  "4:4:0": [50, 48.5, 51.5],
  "4:2:0": [50.5, 48.5, 51],
  "4:1:1": [48.5, 48.5, 52.5],
  "4:1:0": [49, 48, 51],
  uneven: [49.5, 48.5, 52.5],
};
