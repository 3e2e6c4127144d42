import type { Size } from "../../image/geometry.ts";
import { MAX_URL_SIDE_PX } from "../options.ts";

/** What `info.json` is served as when JSON-LD is asked for (IIIF Image API 3.0 §5.1). */
export const INFO_TYPE = 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"';

const TILE_PX = 512;

/** What a viewer needs to know of an image (IIIF Image API 3.0 §5), at the compliance of level 2. */
export function imageInformation(id: string, { width, height }: Size) {
  const longest = Math.max(width, height);
  const scaleFactors = [1, 2, 4, 8, 16, 32, 64].filter(
    (factor) => factor === 1 || longest / factor >= TILE_PX / 2,
  );
  const sizes = scaleFactors
    .map((factor) => ({ width: Math.ceil(width / factor), height: Math.ceil(height / factor) }))
    .filter((size) => Math.max(size.width, size.height) <= MAX_URL_SIDE_PX)
    .reverse();
  return {
    "@context": "http://iiif.io/api/image/3/context.json",
    id,
    type: "ImageService3",
    protocol: "http://iiif.io/api/image",
    profile: "level2",
    width,
    height,
    maxWidth: MAX_URL_SIDE_PX,
    maxHeight: MAX_URL_SIDE_PX,
    sizes,
    tiles: [{ width: TILE_PX, height: TILE_PX, scaleFactors }],
    preferredFormats: ["webp", "jpg"],
    extraFormats: ["webp", "avif"],
    extraQualities: ["color", "gray"],
    extraFeatures: ["mirroring", "sizeUpscaling", "profileLinkHeader"],
  };
}
