import type { Sharp } from "sharp";
import type { Pixels } from "../../src/image/pixels.ts";

/** What libvips makes of an image, as pixels of our own. */
export async function pixelsOf(image: Sharp): Promise<Pixels> {
  const { data, info } = await image
    .ensureAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const copied = new Uint8ClampedArray(data.length);
  copied.set(data);
  return { width: info.width, height: info.height, data: copied };
}
