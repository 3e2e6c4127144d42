import type { ImageFormat, ImageOutput, ResizeMode } from "../image/output.ts";
import { QUALITY_WORDS, resolveQuality } from "../image/quality.ts";
import { WATERMARK_DEFAULTS } from "../image/watermark.ts";
import { borderOf, trimOf } from "./edges.ts";
import type { Fit, ImageUrlOptions } from "./options.ts";

type FitPlan = Pick<ImageOutput, "allowEnlarge" | "keepBoxRatio" | "neverShrink"> & {
  resizeMode: ResizeMode;
};

/** Each fit in the terms of the engine (https://developers.cloudflare.com/images/optimization/features/#fit). */
const FIT_PLANS = {
  "scale-down": { resizeMode: "fit", allowEnlarge: false },
  "scale-up": { resizeMode: "fit", allowEnlarge: true, neverShrink: true },
  contain: { resizeMode: "fit", allowEnlarge: true },
  cover: { resizeMode: "crop", allowEnlarge: true },
  crop: { resizeMode: "crop", allowEnlarge: false },
  "aspect-crop": { resizeMode: "crop", allowEnlarge: false, keepBoxRatio: true },
  pad: { resizeMode: "pad", allowEnlarge: true },
  squeeze: { resizeMode: "stretch", allowEnlarge: true },
} satisfies Record<Fit, FitPlan>;

const CENTER = { x: 0.5, y: 0.5 };
const SIDES = {
  center: CENTER,
  left: { x: 0, y: 0.5 },
  right: { x: 1, y: 0.5 },
  top: { x: 0.5, y: 0 },
  bottom: { x: 0.5, y: 1 },
};

const WHITE: ImageOutput["background"] = [255, 255, 255, 255];

/** A placeholder's longest side, px, its quality, and the blur that hides how coarse it is. */
const PLACEHOLDER = { sidePx: 32, quality: 40, blur: 1 };

/**
 * One image to make from what a URL asks for, every default filled in.
 *
 * @param options without `preset` and `w=auto`, which `expandPreset` and `adaptToClient` have answered
 * @param format what negotiation chose; of `options.format` only `baseline-jpeg` is looked at
 */
export function toImageOutput(options: ImageUrlOptions, format: ImageFormat): ImageOutput {
  const dpr = options.dpr ?? 1;
  const scaled = (side: number | undefined) => side && Math.round(side * dpr);
  const { width, blur, sharpen, background } = options;
  return {
    name: `image.${format}`,
    format,
    width: scaled(width === "auto" ? undefined : width),
    height: scaled(options.height),
    ...FIT_PLANS[options.fit ?? "scale-down"],
    ...placeOf(options.gravity),
    zoom: options.gravity === "face" ? options.zoom || undefined : undefined,
    background: background ?? WHITE,
    underlay: background !== undefined || undefined,
    quality: qualityOf(options.quality, format),
    progressive: options.format === "baseline-jpeg" ? false : undefined,
    ...trimOf(options, dpr),
    border: borderOf(options, dpr),
    flip: options.flip,
    rotate: options.rotate,
    adjust: adjustmentOf(options),
    blur,
    sharpen: sharpen || undefined,
    animated: (format === "webp" && options.anim !== false) || undefined,
    metadata: metadataOf(options.metadata),
    watermark: watermarkOf(options, dpr),
    ...(options.placeholder ? placeholderOf(options) : {}),
  };
}

/** Where a crop or pad lies. */
function placeOf(gravity: ImageUrlOptions["gravity"]): Pick<ImageOutput, "position" | "gravity"> {
  if (gravity === undefined) return { position: CENTER };
  if (typeof gravity !== "string") return { position: gravity };
  if (gravity === "auto") return { position: CENTER, gravity: "attention" };
  if (gravity === "face") return { position: CENTER, gravity };
  return { position: SIDES[gravity] };
}

function watermarkOf(options: ImageUrlOptions, dpr: number): ImageOutput["watermark"] {
  if (options.draw === undefined) return undefined;
  const gravity = options["draw.gravity"] ?? WATERMARK_DEFAULTS.position;
  return {
    mediaId: options.draw,
    width: options["draw.width"] ?? WATERMARK_DEFAULTS.width,
    position: typeof gravity === "string" ? SIDES[gravity] : gravity,
    padding: Math.min(1000, Math.round((options["draw.padding"] ?? WATERMARK_DEFAULTS.padding) * dpr)),
    opacity: options["draw.opacity"] ?? WATERMARK_DEFAULTS.opacity,
    tile: options["draw.repeat"] ?? WATERMARK_DEFAULTS.tile,
  };
}

/** Cloudflare's words that jobs do not have, by where they stand between those that they do. */
const QUALITIES_BETWEEN = { "medium-high": ["medium", "high"], "medium-low": ["low", "medium"] } as const;

function qualityOf(quality: ImageUrlOptions["quality"], format: ImageFormat): number {
  if (quality === "medium-high" || quality === "medium-low") {
    const [below, above] = QUALITIES_BETWEEN[quality];
    return Math.round((resolveQuality(below, format) + resolveQuality(above, format)) / 2);
  }
  const word = QUALITY_WORDS.find((known) => known === quality);
  return resolveQuality(typeof quality === "number" ? quality : word, format);
}

/** Zero is no factor for anything but saturation, and is ignored. */
function adjustmentOf({ gamma, brightness, contrast, saturation }: ImageUrlOptions): ImageOutput["adjust"] {
  const factors = {
    gamma: gamma ? Math.max(0.1, gamma) : undefined,
    brightness: brightness || undefined,
    contrast: contrast || undefined,
    saturation,
  };
  return Object.values(factors).some((factor) => factor !== undefined && factor !== 1) ? factors : undefined;
}

function metadataOf(kept: ImageUrlOptions["metadata"]): ImageOutput["metadata"] {
  if (kept === "copyright") return { keep: ["copyright"] };
  return kept === "keep" ? "preserve_all" : undefined;
}

/** The same image, so small that it can stand in the page itself. */
function placeholderOf({ width, height, fit }: ImageUrlOptions): Partial<ImageOutput> {
  const { sidePx, quality, blur } = PLACEHOLDER;
  const sized = typeof width === "number" && height !== undefined;
  const scale = sized ? sidePx / Math.max(width, height) : 1;
  const small = (side: number) => Math.max(1, Math.round(side * Math.min(1, scale)));
  const box = sized ? { width: small(width), height: small(height) } : { width: sidePx, height: sidePx };
  const exact = sized && fit !== undefined && FIT_PLANS[fit].resizeMode !== "fit";
  return { ...box, ...(exact ? {} : { resizeMode: "fit" as const }), quality, blur };
}
