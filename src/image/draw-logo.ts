import type { Pixels } from "./pixels.ts";
import type { LogoPlacement, Watermark } from "./watermark.ts";

/**
 * Lays a logo over a picture (Porter and Duff's `over`, in the encoded light that `sharp` blends in). The picture is
 * left as it is; the answer is a copy.
 *
 * @param logo of the placement's size, alpha not premultiplied
 */
export function drawLogo(
  picture: Pixels,
  logo: Pixels,
  placement: LogoPlacement,
  { opacity, tile }: Pick<Watermark, "opacity" | "tile">,
): Pixels {
  const { width, height } = picture;
  const marked = { width, height, data: picture.data.slice() };
  const across = tile ? logo.width + placement.gap.x : width;
  const down = tile ? logo.height + placement.gap.y : height;
  for (let top = placement.top; top < height; top += down) {
    for (let left = placement.left; left < width; left += across) {
      blend(marked, logo, left, top, opacity);
    }
  }
  return marked;
}

/** Blends one logo; what reaches beyond the right and lower edges is cut. */
function blend(picture: Pixels, logo: Pixels, left: number, top: number, opacity: number): void {
  const columns = Math.min(logo.width, picture.width - left);
  const rows = Math.min(logo.height, picture.height - top);
  const below = picture.data;
  const above = logo.data;
  const scale = opacity / 255;
  for (let row = 0; row < rows; row++) {
    let at = ((top + row) * picture.width + left) * 4;
    let from = row * logo.width * 4;
    for (let column = 0; column < columns; column++, at += 4, from += 4) {
      const alpha = (above[from + 3] ?? 0) * scale;
      if (alpha === 0) continue;
      const rest = ((below[at + 3] ?? 0) / 255) * (1 - alpha);
      const total = alpha + rest;
      for (let channel = 0; channel < 3; channel++) {
        const mixed = (above[from + channel] ?? 0) * alpha + (below[at + channel] ?? 0) * rest;
        below[at + channel] = mixed / total;
      }
      below[at + 3] = total * 255;
    }
  }
}
