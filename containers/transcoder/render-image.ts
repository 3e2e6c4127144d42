import sharp, { type Sharp } from "sharp";
import { MediaError } from "../../src/errors.ts";
import { type Geometry, planGeometry } from "../../src/image/geometry.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import type { LogoFiles } from "./get-logos.ts";
import { logoOverlay } from "./logo-overlay.ts";

const MAX_INPUT_PIXELS = 100_000_000;
const INPUT_OPTIONS = {
  failOn: "error",
  limitInputPixels: MAX_INPUT_PIXELS,
  sequentialRead: true,
  pages: 1,
} as const;

/**
 * Makes one image file: upright first, then cut, scaled and padded as planned, in sRGB, without any metadata; a
 * logo is laid over the result.
 *
 * @returns its size, px, as read back from the file
 * @throws {MediaError} `invalid_result` when the file does not have the planned size, `unusable_logo`; what
 *   libvips throws otherwise
 */
export async function renderImage(
  input: string,
  output: ImageOutput,
  file: string,
  logos: LogoFiles = {},
): Promise<{ width: number; height: number }> {
  const metadata = await sharp(input, INPUT_OPTIONS).metadata();
  const geometry = planGeometry(metadata.autoOrient, output);
  const pixels = place(sharp(input, INPUT_OPTIONS).autoOrient(), geometry, output);
  // libvips lays overlays over what all other steps have made, in whatever order they are asked for.
  const overlays = await logoOverlay(geometry.canvas, output.watermark, logos);
  await encode(pixels.composite(overlays), output).toFile(file);
  const made = await sharp(file).metadata();
  const { width, height } = geometry.canvas;
  if (made.width !== width || made.height !== height || made.format !== output.format) {
    throw new MediaError("invalid_result", `The image came out as ${made.width}×${made.height} px.`);
  }
  return { width, height };
}

function place(image: Sharp, geometry: Geometry, output: ImageOutput): Sharp {
  const { crop, resized, canvas } = geometry;
  const [r, g, b, a] = output.background;
  const scaled = image
    .extract(crop)
    .resize(resized.width, resized.height, { fit: "fill", kernel: "lanczos3" })
    .toColorspace("srgb");
  const opaque = output.format === "jpeg" ? scaled.flatten({ background: { r, g, b } }) : scaled;
  const right = canvas.width - canvas.left - resized.width;
  const bottom = canvas.height - canvas.top - resized.height;
  if (canvas.left === 0 && canvas.top === 0 && right === 0 && bottom === 0) return opaque;
  const alpha = output.format === "jpeg" ? 1 : a / 255;
  return opaque.extend({ left: canvas.left, top: canvas.top, right, bottom, background: { r, g, b, alpha } });
}

function encode(image: Sharp, output: ImageOutput): Sharp {
  switch (output.format) {
    case "jpeg":
      return image.jpeg({ quality: output.quality });
    case "webp":
      return image.webp({ quality: output.quality });
    case "png":
      return image.png({ compressionLevel: 6 });
  }
}
