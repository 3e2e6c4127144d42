import sharp from "sharp";
import { MediaError } from "../../src/errors.ts";
import type { Size } from "../../src/image/geometry.ts";
import type { PlacedLogo } from "../../src/image/logo.ts";
import { placeLogo, type Watermark } from "../../src/image/watermark.ts";
import type { LogoFiles } from "./get-logos.ts";
import { pixelsOf } from "./pixels-of.ts";

const LOGO_OPTIONS = { failOn: "error", limitInputPixels: 100_000_000, pages: 1 } as const;
/** Dots in an inch at which libvips draws a vector as large as it says; it draws at 2,400 at most. */
const PLAIN_DPI = 72;
const MAX_DPI = 2_400;

/**
 * The logo of a watermark, placed as the edge lane does it and scaled by libvips; undefined without a watermark.
 *
 * @param canvas size of the picture, px
 * @throws {MediaError} `unusable_logo`
 */
export async function scaledLogo(
  canvas: Size,
  watermark: Watermark | undefined,
  logos: LogoFiles,
): Promise<PlacedLogo | undefined> {
  if (watermark === undefined) return undefined;
  const file = logos[watermark.mediaId];
  if (file === undefined) throw new MediaError("unusable_logo", "The logo of the watermark is not at hand.");
  try {
    return await placed(file, canvas, watermark);
  } catch (cause) {
    throw new MediaError("unusable_logo", "The logo of the watermark is damaged or no picture.", {
      privateDetail: String(cause),
      cause,
    });
  }
}

async function placed(file: string, canvas: Size, watermark: Watermark): Promise<PlacedLogo> {
  const { autoOrient, format } = await sharp(file, LOGO_OPTIONS).metadata();
  const placement = placeLogo(canvas, autoOrient, watermark);
  const { width, height } = placement;
  const density = Math.min(MAX_DPI, Math.max(1, Math.ceil((PLAIN_DPI * width) / autoOrient.width)));
  const logo = sharp(file, { ...LOGO_OPTIONS, ...(format === "svg" && { density }) })
    .autoOrient()
    .resize(width, height, { fit: "fill", kernel: "lanczos3" })
    .toColorspace("srgb");
  return { pixels: await pixelsOf(logo), placement };
}
