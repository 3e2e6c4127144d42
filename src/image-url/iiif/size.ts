import type { Size } from "../../image/geometry.ts";
import { MAX_URL_SIDE_PX } from "../options.ts";
import { refusedPart } from "./refused-part.ts";

const ALLOWED = "max, w, ,h pct:n w,h or !w,h, with ^ before it to enlarge";

/**
 * The size that a region is scaled to (IIIF Image API 3.0 §4.2), px. Without `^` nothing is enlarged.
 *
 * @throws MediaError `invalid_image_url`
 */
export function parseSize(text: string, region: Size): Size {
  const enlarges = text.startsWith("^");
  const size = sizeOf(enlarges ? text.slice(1) : text, region, enlarges);
  if (size === undefined) throw refusedPart("size", text, ALLOWED);
  const { width, height } = size;
  if (!enlarges && (width > region.width || height > region.height)) {
    throw refusedPart(
      "size",
      text,
      `within the region's ${region.width}×${region.height} px, or have ^ before it`,
    );
  }
  if (Math.max(width, height) > MAX_URL_SIDE_PX)
    throw refusedPart("size", text, `within ${MAX_URL_SIDE_PX} px a side`);
  return size;
}

function sizeOf(text: string, region: Size, enlarges: boolean): Size | undefined {
  if (text === "max")
    return scaled(region, Math.min(enlarges ? Infinity : 1, ...sidesWithin(region, MAX_URL_SIDE_PX)));
  const percent = /^pct:(\d{1,4}(?:\.\d{1,6})?)$/.exec(text)?.[1];
  if (percent !== undefined) return Number(percent) > 0 ? scaled(region, Number(percent) / 100) : undefined;
  const [, confined, w = "", h = ""] = /^(!?)(\d{0,6}),(\d{0,6})$/.exec(text) ?? [];
  const [width, height] = [Number(w), Number(h)];
  if (confined) {
    if (width < 1 || height < 1) return undefined;
    return scaled(region, Math.min(width / region.width, height / region.height, enlarges ? Infinity : 1));
  }
  if (width >= 1 && height >= 1) return { width, height };
  if (width >= 1 && h === "") return { width, height: sideOf(region.height, width / region.width) };
  if (height >= 1 && w === "") return { width: sideOf(region.width, height / region.height), height };
  return undefined;
}

function scaled({ width, height }: Size, scale: number): Size {
  return { width: sideOf(width, scale), height: sideOf(height, scale) };
}

function sideOf(side: number, scale: number): number {
  return Math.max(1, Math.round(side * scale));
}

function sidesWithin({ width, height }: Size, most: number): [number, number] {
  return [most / width, most / height];
}
