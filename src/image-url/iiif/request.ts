import type { Size } from "../../image/geometry.ts";
import type { ImageUrlOptions } from "../options.ts";
import { refusedPart } from "./refused-part.ts";
import { parseRegion } from "./region.ts";
import { parseSize } from "./size.ts";

/** Formats by their names in IIIF, of which `jpg` and `png` are required (Image API 3.0 §4.5). */
export const IIIF_FORMATS = { jpg: "jpeg", png: "png", webp: "webp", avif: "avif" } as const;

const QUALITIES = { default: {}, color: {}, gray: { saturation: 0 } } as const;

/**
 * `{region}/{size}/{rotation}/{quality}.{format}` (IIIF Image API 3.0 §4) as options: region, then size, then mirror and
 * rotation, then quality, which is the order of our own steps but for the sides, which here are those before rotation.
 *
 * @param segments the four, percent-decoded
 * @param upright size of the whole picture, px
 * @throws MediaError `invalid_image_url`
 */
export function parseIiifRequest(segments: readonly string[], upright: Size): ImageUrlOptions {
  const [region = "", size = "", rotation = "", file = "", ...rest] = segments;
  if (rest.length > 0)
    throw refusedPart("path", segments.join("/"), "{region}/{size}/{rotation}/{quality}.{format}");
  const part = parseRegion(region, upright);
  const { width, height } = parseSize(size, part);
  const { flip, rotate } = parseRotation(rotation);
  const isOnItsSide = rotate === 90 || rotate === 270;
  const isWhole = part.width === upright.width && part.height === upright.height;
  return {
    ...(isWhole
      ? {}
      : {
          "trim.left": part.left,
          "trim.top": part.top,
          "trim.width": part.width,
          "trim.height": part.height,
        }),
    width: isOnItsSide ? height : width,
    height: isOnItsSide ? width : height,
    fit: "squeeze",
    ...(flip ? { flip } : {}),
    ...(rotate ? { rotate } : {}),
    ...parseFile(file),
  };
}

/** §4.3: degrees clockwise, after mirroring when there is a `!`. */
function parseRotation(text: string): Pick<ImageUrlOptions, "flip" | "rotate"> {
  const [, mirror, degrees] = /^(!?)(\d{1,3})(?:\.0+)?$/.exec(text) ?? [];
  const turns = { 0: undefined, 90: 90, 180: 180, 270: 270, 360: undefined } as const;
  const known = Object.keys(turns).find((key) => key === degrees);
  if (known === undefined)
    throw refusedPart("rotation", text, "0, 90, 180 or 270, with ! before it to mirror");
  return { flip: mirror ? "h" : undefined, rotate: turns[Number(known) as keyof typeof turns] };
}

function parseFile(text: string): Pick<ImageUrlOptions, "format" | "saturation"> {
  const [quality = "", format = ""] = text.split(".", 2);
  if (!Object.hasOwn(QUALITIES, quality))
    throw refusedPart("quality", quality, Object.keys(QUALITIES).join(", "));
  if (!Object.hasOwn(IIIF_FORMATS, format))
    throw refusedPart("format", format, Object.keys(IIIF_FORMATS).join(", "));
  return {
    ...QUALITIES[quality as keyof typeof QUALITIES],
    format: IIIF_FORMATS[format as keyof typeof IIIF_FORMATS],
  };
}
