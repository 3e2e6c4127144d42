import type { ImageFormat, ImageOutput, ResizeMode } from "../image/output.ts";
import { resolveQuality } from "../image/quality.ts";
import type { Fit, ImageUrlOptions } from "./options.ts";

/** Each fit in the terms of the engine (https://developers.cloudflare.com/images/transform-images/transform-via-url/#fit). */
const MODES = {
  "scale-down": { resizeMode: "fit", allowEnlarge: false },
  contain: { resizeMode: "fit", allowEnlarge: true },
  cover: { resizeMode: "crop", allowEnlarge: true },
  crop: { resizeMode: "crop", allowEnlarge: false },
  pad: { resizeMode: "pad", allowEnlarge: true },
  squeeze: { resizeMode: "stretch", allowEnlarge: true },
} satisfies Record<Fit, { resizeMode: ResizeMode; allowEnlarge: boolean }>;

const WHITE: ImageOutput["background"] = [255, 255, 255, 255];

/**
 * One image to make from what a URL asks for, every default filled in.
 *
 * @param format what negotiation chose; `options.format` is not looked at
 */
export function toImageOutput(options: ImageUrlOptions, format: ImageFormat): ImageOutput {
  return {
    name: `image.${format}`,
    format,
    width: options.width,
    height: options.height,
    ...MODES[options.fit ?? "scale-down"],
    position: { x: 0.5, y: 0.5 },
    background: WHITE,
    quality: resolveQuality(options.quality, format),
  };
}
