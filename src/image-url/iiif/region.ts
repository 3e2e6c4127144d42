import type { Rectangle, Size } from "../../image/geometry.ts";
import { refusedPart } from "./refused-part.ts";

const ALLOWED = "full, square, x,y,w,h in px or pct:x,y,w,h";

/**
 * The part of the picture that is asked for (IIIF Image API 3.0 §4.1), px. What reaches beyond the picture is cut off.
 *
 * @throws MediaError `invalid_image_url` when nothing of it lies in the picture
 */
export function parseRegion(text: string, { width, height }: Size): Rectangle {
  if (text === "full") return { left: 0, top: 0, width, height };
  if (text === "square") {
    const side = Math.min(width, height);
    return {
      left: Math.floor((width - side) / 2),
      top: Math.floor((height - side) / 2),
      width: side,
      height: side,
    };
  }
  const [, percent, list = ""] = /^(pct:)?([\d.]+(?:,[\d.]+){3})$/.exec(text) ?? [];
  const numbers = list.split(",").map(percent ? Number : wholeNumber);
  const [x = Number.NaN, y = Number.NaN, w = Number.NaN, h = Number.NaN] = numbers;
  const [across, down] = percent ? [width / 100, height / 100] : [1, 1];
  const left = Math.round(x * across);
  const top = Math.round(y * down);
  const right = Math.min(width, Math.round((x + w) * across));
  const bottom = Math.min(height, Math.round((y + h) * down));
  if (right > left && bottom > top) return { left, top, width: right - left, height: bottom - top };
  throw refusedPart("region", text, `${ALLOWED}, some of it inside ${width}×${height} px`);
}

function wholeNumber(text: string): number {
  return /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
}
