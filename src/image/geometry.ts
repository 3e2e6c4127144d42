import type { ImageOutput } from "./output.ts";

export interface Size {
  /** px */
  width: number;
  /** px */
  height: number;
}

export interface Rectangle extends Size {
  /** px from the left edge */
  left: number;
  /** px from the top edge */
  top: number;
}

/** What happens to the pixels, in order: `crop` is cut, scaled to `resized`, and set on `canvas`. */
export interface Geometry {
  /** Window of the oriented source, source px; the whole source when nothing is cut. */
  crop: Rectangle;
  /** Size that the window is resampled to, px. */
  resized: Size;
  /** Size of the file, and where the resized window lies in it, px; the same size and 0,0 when nothing is padded. */
  canvas: Rectangle;
}

export type Box = Pick<
  ImageOutput,
  "width" | "height" | "resizeMode" | "allowEnlarge" | "position" | "keepBoxRatio" | "neverShrink"
>;

/**
 * Plans one output of a source that already stands upright. Sizes round half up and never fall under 1 px, as in
 * libvips and `sharp`; a missing side follows from the source's ratio whatever the mode; no side at all keeps the
 * size.
 *
 * Without `allowEnlarge`:
 * - `fit` answers with the source's own size where the box is larger (Cloudflare's `scale-down`);
 * - `fill` and `stretch` clamp each axis by itself;
 * - `crop` never scales up, so a side on which the source is shorter than the box keeps the source's length and only
 *   the excess of the other is cut: 300×100 into 200×200 gives 200×100, and a source smaller than the box on both
 *   sides comes back whole (Cloudflare's `crop`, `sharp`'s `cover` with `withoutEnlargement`);
 * - `pad` keeps the pixels and adds more border: the file is always exactly the box.
 *
 * `keepBoxRatio` shrinks the box of a crop until the source covers it: 612×613 into 1920×1120 gives 612×357
 * (Cloudflare's `aspect-crop`). `neverShrink` keeps the size of a source that is larger than its box.
 */
export function planGeometry(source: Size, asked: Box): Geometry {
  const output = asked.keepBoxRatio ? withCoveredBox(source, asked) : asked;
  const shrink = shrinkFactors(source, output);
  const scaled = {
    width: scaleSide(source.width, shrink.horizontal),
    height: scaleSide(source.height, shrink.vertical),
  };
  if (output.resizeMode === "crop") return planCrop(source, output, shrink, scaled);
  const crop = { left: 0, top: 0, ...source };
  if (output.resizeMode === "pad") return { crop, resized: scaled, canvas: placeOnCanvas(scaled, output) };
  return { crop, resized: scaled, canvas: { left: 0, top: 0, ...scaled } };
}

interface Shrink {
  /** source width / resized width */
  horizontal: number;
  /** source height / resized height */
  vertical: number;
}

function shrinkFactors(source: Size, output: Box): Shrink {
  const wanted = wantedFactors(source, output);
  const least = output.allowEnlarge ? 0 : 1;
  const most = output.neverShrink ? { width: 1, height: 1 } : source;
  return {
    horizontal: Math.min(Math.max(wanted.horizontal, least), most.width),
    vertical: Math.min(Math.max(wanted.vertical, least), most.height),
  };
}

function withCoveredBox(source: Size, box: Box): Box {
  if (box.width === undefined || box.height === undefined) return box;
  const shrink = Math.min(1, source.width / box.width, source.height / box.height);
  const shrunk = (side: number) => Math.max(1, Math.round(side * shrink));
  return { ...box, width: shrunk(box.width), height: shrunk(box.height) };
}

function wantedFactors(source: Size, output: Box): Shrink {
  const horizontal = source.width / (output.width ?? source.width);
  const vertical = source.height / (output.height ?? source.height);
  if (output.width === undefined) return { horizontal: vertical, vertical };
  if (output.height === undefined) return { horizontal, vertical: horizontal };
  switch (output.resizeMode) {
    case "fit":
    case "pad": {
      const both = Math.max(horizontal, vertical);
      return { horizontal: both, vertical: both };
    }
    case "crop": {
      const both = Math.min(horizontal, vertical);
      return { horizontal: both, vertical: both };
    }
    case "fill":
    case "stretch":
      return { horizontal, vertical };
  }
}

/** Multiplies by the inverse, not divides: libvips does, and the last bit decides which way a half falls. */
function scaleSide(side: number, shrink: number): number {
  return Math.max(1, Math.floor(side * (1 / shrink) + 0.5));
}

/** The window is cut before resampling, in whole source px, so that pixels which will not be seen cost nothing. */
function planCrop(source: Size, output: Box, shrink: Shrink, scaled: Size): Geometry {
  const resized = {
    width: Math.min(scaled.width, output.width ?? scaled.width),
    height: Math.min(scaled.height, output.height ?? scaled.height),
  };
  const width = windowSide(source.width, scaled.width, resized.width, shrink.horizontal);
  const height = windowSide(source.height, scaled.height, resized.height, shrink.vertical);
  return {
    crop: {
      left: Math.round((source.width - width) * output.position.x),
      top: Math.round((source.height - height) * output.position.y),
      width,
      height,
    },
    resized,
    canvas: { left: 0, top: 0, ...resized },
  };
}

function windowSide(source: number, scaled: number, kept: number, shrink: number): number {
  if (kept === scaled) return source;
  return Math.min(source, Math.max(1, Math.round(kept * shrink)));
}

function placeOnCanvas(scaled: Size, output: Box): Rectangle {
  const width = Math.max(scaled.width, output.width ?? 0);
  const height = Math.max(scaled.height, output.height ?? 0);
  return {
    left: Math.floor((width - scaled.width) * output.position.x),
    top: Math.floor((height - scaled.height) * output.position.y),
    width,
    height,
  };
}
