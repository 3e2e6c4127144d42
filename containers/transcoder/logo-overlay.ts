import sharp, { type OverlayOptions, type Sharp } from "sharp";
import { MediaError } from "../../src/errors.ts";
import type { Size } from "../../src/image/geometry.ts";
import { type LogoPlacement, placeLogo, type Watermark } from "../../src/image/watermark.ts";
import type { LogoFiles } from "./get-logos.ts";

const LOGO_OPTIONS = { failOn: "error", limitInputPixels: 100_000_000, pages: 1 } as const;
/** Dots in an inch at which libvips draws a vector as large as it says; it draws at 2,400 at most. */
const PLAIN_DPI = 72;
const MAX_DPI = 2_400;

/**
 * The logo of a watermark as an overlay of a picture, placed and scaled as the edge lane does it; none without one.
 *
 * @param canvas size of the picture, px
 * @throws {MediaError} `unusable_logo`
 */
export async function logoOverlay(
  canvas: Size,
  watermark: Watermark | undefined,
  logos: LogoFiles,
): Promise<OverlayOptions[]> {
  if (watermark === undefined) return [];
  const file = logos[watermark.mediaId];
  if (file === undefined) throw new MediaError("unusable_logo", "The logo of the watermark is not at hand.");
  try {
    return [await overlayOf(file, canvas, watermark)];
  } catch (cause) {
    throw new MediaError("unusable_logo", "The logo of the watermark is damaged or no picture.", {
      privateDetail: String(cause),
      cause,
    });
  }
}

async function overlayOf(file: string, canvas: Size, watermark: Watermark): Promise<OverlayOptions> {
  const { autoOrient, format } = await sharp(file, LOGO_OPTIONS).metadata();
  const placement = placeLogo(canvas, autoOrient, watermark);
  const scale = placement.width / autoOrient.width;
  const density = Math.min(MAX_DPI, Math.max(1, Math.ceil(PLAIN_DPI * scale)));
  const logo = sharp(file, { ...LOGO_OPTIONS, ...(format === "svg" && { density }) }).autoOrient();
  const scaled = logo
    .toColorspace("srgb")
    .resize(placement.width, placement.height, { fit: "fill", kernel: "lanczos3" })
    .ensureAlpha();
  const { data, info } = await (watermark.tile ? withGap(scaled, placement) : scaled)
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (let alpha = 3; alpha < data.length; alpha += 4) {
    data[alpha] = Math.round((data[alpha] ?? 0) * watermark.opacity);
  }
  const raw = { width: info.width, height: info.height, channels: 4 } as const;
  return watermark.tile
    ? { input: data, raw, tile: true, gravity: "northwest" }
    : { input: data, raw, left: placement.left, top: placement.top };
}

/** One cell of the tiling: the gap lies left of and above each logo. */
function withGap(logo: Sharp, { gap }: LogoPlacement): Sharp {
  return logo.extend({ left: gap.x, top: gap.y, background: { r: 0, g: 0, b: 0, alpha: 0 } });
}
