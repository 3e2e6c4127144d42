/** Turns one row of samples as stored into RGBA. */

/** PNG third edition, table 8; 0 is gray and 3 the index of a palette. */
const RGB: i32 = 2;
const GRAY_ALPHA: i32 = 4;
const RGBA: i32 = 6;

/** RGBA for each sample of up to 8 bits, where there is one in a pixel: the palette, or shades of gray. */
export const SAMPLE_COLORS: usize = memory.data(256 * 4);

/** The colour that is transparent, as stored; -1 when there is none. */
let keyRed: i32 = -1;
let keyGreen: i32 = -1;
let keyBlue: i32 = -1;

/** Red stands for gray where there is no colour. */
export function setTransparentColor(red: i32, green: i32, blue: i32): void {
  keyRed = red;
  keyGreen = green;
  keyBlue = blue;
}

/**
 * @param row as unfiltered
 * @param pixels receives `width` RGBA pixels
 * @param bitDepth of one sample; those of 16 are rounded to 8
 */
export function expandRow(row: usize, pixels: usize, width: i32, colorType: i32, bitDepth: i32): void {
  if (colorType === RGBA) {
    if (bitDepth === 8) memory.copy(pixels, row, (<usize>width) << 2);
    else expandDeep(row, pixels, width, 4);
  } else if (colorType === GRAY_ALPHA) {
    expandGrayAlpha(row, pixels, width, bitDepth);
  } else if (colorType === RGB) {
    if (bitDepth === 8) expandRgb(row, pixels, width);
    else expandDeep(row, pixels, width, 3);
  } else if (bitDepth === 16) {
    expandDeep(row, pixels, width, 1);
  } else {
    expandSamples(row, pixels, width, bitDepth);
  }
}

/** Gray or palette of up to 8 bits: samples lie in a byte from its highest bit on (§7.2). */
function expandSamples(row: usize, pixels: usize, width: i32, bitDepth: i32): void {
  const mask = (1 << bitDepth) - 1;
  for (let x = 0; x < width; x++) {
    const bit = x * bitDepth;
    const shift = 8 - bitDepth - (bit & 7);
    const sample = (<i32>load<u8>(row + (bit >> 3)) >> shift) & mask;
    store<u32>(pixels + ((<usize>x) << 2), load<u32>(SAMPLE_COLORS + ((<usize>sample) << 2)));
  }
}

const OPAQUE: u32 = 0xff00_0000;

function expandRgb(row: usize, pixels: usize, width: i32): void {
  const key: u32 =
    keyRed < 0 || (keyRed | keyGreen | keyBlue) > 255 ? OPAQUE : keyRed | (keyGreen << 8) | (keyBlue << 16);
  for (let x: usize = 0; x < <usize>width; x++) {
    const color = load<u32>(row + x * 3) & 0x00ff_ffff;
    store<u32>(pixels + (x << 2), color === key ? color : color | OPAQUE);
  }
}

function expandGrayAlpha(row: usize, pixels: usize, width: i32, bitDepth: i32): void {
  const isDeep = bitDepth === 16;
  for (let x: usize = 0; x < <usize>width; x++) {
    const gray: u32 = isDeep ? rounded(deep(row + (x << 2))) : load<u8>(row + (x << 1));
    const alpha: u32 = isDeep ? rounded(deep(row + (x << 2) + 2)) : load<u8>(row + (x << 1), 1);
    store<u32>(pixels + (x << 2), gray | (gray << 8) | (gray << 16) | (alpha << 24));
  }
}

/** 16 bits a sample, most significant byte first. */
function expandDeep(row: usize, pixels: usize, width: i32, samples: i32): void {
  let at = row;
  for (let x: usize = 0; x < <usize>width; x++) {
    const red = deep(at);
    const green = samples === 1 ? red : deep(at + 2);
    const blue = samples === 1 ? red : deep(at + 4);
    const isKey =
      red === <u32>keyRed && (samples === 1 || (green === <u32>keyGreen && blue === <u32>keyBlue));
    const alpha: u32 = samples === 4 ? rounded(deep(at + 6)) : isKey ? 0 : 255;
    store<u32>(
      pixels + (x << 2),
      rounded(red) | (rounded(green) << 8) | (rounded(blue) << 16) | (alpha << 24),
    );
    at += (<usize>samples) << 1;
  }
}

function deep(at: usize): u32 {
  return ((<u32>load<u8>(at)) << 8) | load<u8>(at, 1);
}

/** The nearest of 256 steps: 65535 is 255 × 257. */
function rounded(sample: u32): u32 {
  return (sample * 255 + 32_895) >>> 16;
}
