import { join } from "node:path";
import sharp from "sharp";
import { drawLogo } from "../../src/image/draw-logo.ts";
import type { Size } from "../../src/image/geometry.ts";
import type { Watermark } from "../../src/image/watermark.ts";
import type { Overlay } from "../../src/video/overlay.ts";
import type { LogoSource } from "../../src/video/protocol.ts";
import { getLogos } from "./get-logos.ts";
import { scaledLogo } from "./scaled-logo.ts";
import type { TaskContext } from "./task-context.ts";

/**
 * The logo of a video's watermark as a file for ffmpeg: scaled, faded and tiled as on a picture of that size.
 *
 * @param canvas size of the frames, px
 * @throws {MediaError} `unusable_logo`
 */
export async function overlayLogo(
  context: TaskContext,
  watermark: Watermark | undefined,
  canvas: Size,
  sources: readonly LogoSource[] = [],
): Promise<Overlay | undefined> {
  const logo = await scaledLogo(canvas, watermark, await getLogos(context, sources));
  if (watermark === undefined || logo === undefined) return undefined;
  const { pixels, placement } = logo;
  const area = watermark.tile ? { left: 0, top: 0, ...canvas } : placement;
  const clear = {
    width: area.width,
    height: area.height,
    data: new Uint8ClampedArray(area.width * area.height * 4),
  };
  const place = watermark.tile ? placement : { ...placement, left: 0, top: 0 };
  const { width, height, data } = drawLogo(clear, pixels, place, watermark);
  const file = join(context.folder, "overlay.png");
  await sharp(data, { raw: { width, height, channels: 4 } })
    .png({ compressionLevel: 1 })
    .toFile(file);
  return { file, left: area.left, top: area.top };
}
