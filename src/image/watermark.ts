import { z } from "zod";
import type { Rectangle, Size } from "./geometry.ts";

/** A logo over a picture, every default already resolved. */
export const watermark = z.strictObject({
  /** Which stored picture is the logo. */
  mediaId: z.string().min(1).max(64),
  /** Width of the logo as a fraction of the picture's. */
  width: z.number().min(0.01).max(1),
  /** Where it lies, as fractions of the room that is left: 0,0 is top left, 1,0 top right. */
  position: z.strictObject({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) }),
  /** Between the logo and the edges, and between tiles, px. */
  padding: z.int().min(0).max(1_000),
  /** 1 leaves the logo as it is. */
  opacity: z.number().min(0.01).max(1),
  /** Repeats the logo over the whole picture, from the top left; `position` is not looked at. */
  tile: z.boolean(),
});
export type Watermark = z.infer<typeof watermark>;

/** How a watermark looks when its maker does not say: a fifth of the width, top right, 10 px from the edges. */
export const WATERMARK_DEFAULTS = {
  width: 0.2,
  position: { x: 1, y: 0 },
  padding: 10,
  opacity: 1,
  tile: false,
} as const satisfies Omit<Watermark, "mediaId">;

/** Where a logo lies and at which size, px; it is never outside of the picture. */
export interface LogoPlacement extends Rectangle {
  /** Free px left of and above each tile. */
  gap: { x: number; y: number };
}

/**
 * Plans a logo on a picture. Its ratio is kept; it is enlarged or shrunk to its fraction of the width, and shrunk
 * further where it would be higher than the picture. Padding gives way on a picture too small for it.
 *
 * @param canvas size of the picture, px
 * @param logo size of the logo, upright, px
 */
export function placeLogo(canvas: Size, logo: Size, wanted: Watermark): LogoPlacement {
  const gap = {
    x: paddingWithin(canvas.width, wanted.padding),
    y: paddingWithin(canvas.height, wanted.padding),
  };
  const room = { width: canvas.width - 2 * gap.x, height: canvas.height - 2 * gap.y };
  const widest = Math.min(room.width, Math.max(1, canvas.width * wanted.width));
  const scale = Math.min(widest / logo.width, room.height / logo.height);
  const size = {
    width: Math.min(room.width, Math.max(1, Math.round(logo.width * scale))),
    height: Math.min(room.height, Math.max(1, Math.round(logo.height * scale))),
  };
  const { x, y } = wanted.tile ? { x: 0, y: 0 } : wanted.position;
  return {
    ...size,
    left: gap.x + Math.round((room.width - size.width) * x),
    top: gap.y + Math.round((room.height - size.height) * y),
    gap,
  };
}

/** At least one px of the side is left for the logo. */
function paddingWithin(side: number, padding: number): number {
  return Math.min(padding, Math.floor((side - 1) / 2));
}
