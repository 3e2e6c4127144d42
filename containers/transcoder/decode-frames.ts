import sharp, { type SharpOptions } from "sharp";
import type { Size } from "../../src/image/geometry.ts";
import type { Pixels } from "../../src/image/pixels.ts";

/** Pixels that are held decoded at once: 192 MB of RGBA. */
const MAX_HELD_PIXELS = 48_000_000;

/**
 * The frames of an animation as they are stored, sRGB, one after the other. To decode one frame, all before it are
 * decoded too, as each builds on the last: so as many as memory allows come from one run through the file, and an
 * animation within the limits takes a dozen runs at most, however many its frames.
 *
 * @param size of each frame, px
 * @param failOn what libvips takes for an error
 */
export async function* decodeFrames(
  input: string,
  size: Size,
  frames: number,
  failOn: NonNullable<SharpOptions["failOn"]>,
): AsyncGenerator<Pixels> {
  const framePixels = size.width * size.height;
  const together = Math.max(1, Math.floor(MAX_HELD_PIXELS / framePixels));
  for (let page = 0; page < frames; page += together) {
    const pages = Math.min(together, frames - page);
    const options = { page, pages, failOn, limitInputPixels: false, sequentialRead: true } as const;
    const stacked = await sharp(input, options)
      .toColorspace("srgb")
      .ensureAlpha()
      .raw({ depth: "uchar" })
      .toBuffer();
    for (let i = 0; i < pages; i++) {
      const start = stacked.byteOffset + i * framePixels * 4;
      yield { ...size, data: new Uint8ClampedArray(stacked.buffer as ArrayBuffer, start, framePixels * 4) };
    }
  }
}
