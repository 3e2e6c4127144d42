import { z } from "zod";
import { EFFORTS } from "./efforts.ts";
import { metadataChoice } from "./metadata/modes.ts";
import { qualityTarget } from "./quality-target.ts";
import { watermark } from "./watermark.ts";

/** Largest side that an output may have, px (libwebp's own limit is 16,383). */
export const MAX_OUTPUT_SIDE_PX = 16_383;

export const IMAGE_FORMATS = ["webp", "jpeg", "png", "avif", "gif"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export const IMAGE_MIME: Record<ImageFormat, string> = {
  webp: "image/webp",
  jpeg: "image/jpeg",
  png: "image/png",
  avif: "image/avif",
  gif: "image/gif",
};

/**
 * How an image meets its box: `fit` inside it, ratio kept; `fill` and `stretch` exactly it, distorted; `crop`
 * exactly it, excess cut; `pad` exactly it, letterboxed in the background colour.
 */
export const RESIZE_MODES = ["fit", "fill", "crop", "stretch", "pad"] as const;
export type ResizeMode = (typeof RESIZE_MODES)[number];

/** Resampling filters; `auto` chooses by whether the picture gets smaller or larger. */
export const INTERPOLATIONS = [
  "auto",
  "nearest",
  "bilinear",
  "bicubic",
  "mitchell",
  "lanczos2",
  "lanczos3",
] as const;

/** What the colours of an output are: those of the web, or those of its source with the profile that says so. */
export const COLOR_PROFILES = ["srgb", "keep"] as const;

/** Whether colour has a quarter of the samples that luma has, or as many. */
export const CHROMA_SUBSAMPLINGS = ["4:2:0", "4:4:4"] as const;

export const FLIPS = ["h", "v", "hv"] as const;
export type Flip = (typeof FLIPS)[number];

/** Px at one side of a picture. */
const edge = z.int().min(0).max(MAX_OUTPUT_SIDE_PX);
const edges = { top: edge, right: edge, bottom: edge, left: edge };
const channel = z.int().min(0).max(255);
const color = z.tuple([channel, channel, channel, channel]);

/**
 * One image to make, every default already resolved: what a task carries, in the isolate and in the container.
 * Sides are px; an absent side follows from the ratio; both absent keeps the size.
 */
export const imageOutput = z.strictObject({
  /** Unique within the job; the file is `<name>` as given, so it carries its extension. */
  name: z.string(),
  format: z.enum(IMAGE_FORMATS),
  width: z.int().min(1).max(MAX_OUTPUT_SIDE_PX).optional(),
  height: z.int().min(1).max(MAX_OUTPUT_SIDE_PX).optional(),
  resizeMode: z.enum(RESIZE_MODES),
  allowEnlarge: z.boolean(),
  /** Focal point of a crop, and anchor of a pad, as fractions of the leftover: 0,0 is top left. */
  position: z.strictObject({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) }),
  /** What stands out decides where the crop lies; `position` does where nothing does. */
  gravity: z.enum(["attention", "entropy", "face"]).optional(),
  /** Of a crop on faces: from as much around them as fits (0) to them alone (1). */
  zoom: z.number().min(0).max(1).optional(),
  /** With `crop` and no enlarging: a picture smaller than its box is still cut to the box's ratio. */
  keepBoxRatio: z.boolean().optional(),
  /** Never makes a picture smaller: one larger than its box keeps its size. */
  neverShrink: z.boolean().optional(),
  interpolation: z.enum(INTERPOLATIONS).optional(),
  /** What is cut off the upright picture before anything else, px; a width or height wins over the side across. */
  trim: z
    .strictObject({ ...edges, width: z.int().min(1).optional(), height: z.int().min(1).optional() })
    .optional(),
  /** Cuts off a border of one colour: that of the top left corner when none is given. */
  trimBorder: z
    .strictObject({
      color: color.optional(),
      /** Largest difference of any channel that still counts as the border, 0–255. */
      tolerance: z.number().min(0).max(255),
      /** Border to leave on every side, px. */
      keep: edge,
    })
    .optional(),
  /** Mirrored across (`h`), down (`v`) or both, before it is rotated. */
  flip: z.enum(FLIPS).optional(),
  /** Degrees clockwise. Sides, crop and pad refer to the picture as it lies then. */
  rotate: z.literal([90, 180, 270]).optional(),
  /** Factors, of which 1 changes nothing. Gamma over 1 lightens; a saturation of 0 leaves grays. */
  adjust: z
    .strictObject({
      gamma: z.number().min(0.1).max(10).optional(),
      brightness: z.number().min(0).max(10).optional(),
      contrast: z.number().min(0).max(10).optional(),
      saturation: z.number().min(0).max(10).optional(),
    })
    .optional(),
  /** Standard deviation of a Gaussian, px of the result. */
  blur: z.number().min(0.3).max(250).optional(),
  /** How much of the difference to a slightly blurred picture is added: 0.5 is little, 10 is the most. */
  sharpen: z.number().min(0).max(10).optional(),
  /** Lays the background under transparent pixels in formats that could keep them, too. */
  underlay: z.boolean().optional(),
  /** A frame around everything, px; the file grows by it. */
  border: z.strictObject({ ...edges, color }).optional(),
  /** Leaves the pixels in the colours of the source's profile, and the profile with them; sRGB when absent. */
  colorProfile: z.enum(COLOR_PROFILES).optional(),
  /** Resamples light instead of codes. Only a container has the depth for it. */
  linearLight: z.boolean().optional(),
  /** What stays of the source's metadata; nothing when absent. */
  metadata: metadataChoice.optional(),
  /** WebP and GIF: moves where its source does. Only a container makes what moves. */
  animated: z.boolean().optional(),
  /** WebP, AVIF: every pixel as it is, whatever the quality. PNG always is. */
  lossless: z.boolean().optional(),
  /** PNG, GIF: most colours in its palette. A PNG without it has no palette, a GIF 256. */
  maxColors: z.int().min(2).max(256).optional(),
  /** `balanced` when absent. */
  effort: z.enum(EFFORTS).optional(),
  /** JPEG, AVIF: samples of colour for those of luma. When absent 4:2:0, of JPEG 4:4:4 from quality 90 on. */
  chromaSubsampling: z.enum(CHROMA_SUBSAMPLINGS).optional(),
  /** JPEG: coarse first, then fine. True when absent. */
  progressive: z.boolean().optional(),
  /** Letterbox colour, and what shows through alpha in formats that have none: [r, g, b, a], 0–255. */
  background: color,
  /** 1–100; PNG ignores it. */
  quality: z.int().min(1).max(100),
  /** What the quality is looked for by; `quality` is then where the search begins. */
  qualityTarget: qualityTarget.optional(),
  /** WebP: flat graphics are written without loss, where that does not cost much more. */
  losslessIfFlat: z.boolean().optional(),
  /** Of a source that is cut short, what there is of it; else such a source is refused. Only a container can. */
  salvage: z.boolean().optional(),
  /** A logo over the finished picture. */
  watermark: watermark.optional(),
});
export type ImageOutput = z.infer<typeof imageOutput>;
