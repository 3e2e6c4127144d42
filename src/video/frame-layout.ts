import { planGeometry } from "../image/geometry.ts";
import type { FileOutput } from "./file-output.ts";
import { evenSize, type FrameSize, fitFrame } from "./frame-size.ts";

/** How upright frames of square pixels meet the box of an output, in the order of the filters. */
export interface FrameLayout {
  /** Filters before scaling: the excess is cut. */
  before: string[];
  /** Size that frames are scaled to, px, even. */
  scaled: FrameSize;
  /** Filters when the colours are final: borders are added. */
  after: string[];
  /** Size of the finished picture, px, even. */
  size: FrameSize;
}

type Box = Pick<FileOutput, "width" | "height" | "resizeMode" | "allowEnlarge" | "position" | "background">;

/** As images meet their boxes (`image/geometry.ts`), but that all sides are even. */
export function layFrame(source: FrameSize, box: Box): FrameLayout {
  const mode = box.resizeMode ?? "fit";
  if (mode === "fit") {
    const size = fitFrame(source, box);
    return { before: [], scaled: size, after: [], size };
  }
  const position = box.position ?? { x: 0.5, y: 0.5 };
  const { crop, resized, canvas } = planGeometry(source, { ...box, resizeMode: mode, position });
  const size = evenSize(canvas);
  if (mode === "pad") return padded(evenWithin(resized, size), size, position, box.background ?? [0, 0, 0]);
  return { before: mode === "crop" ? [cropFilter(source, crop)] : [], scaled: size, after: [], size };
}

/** In shares of the frame, whose stored pixels need not be square. */
function cropFilter(
  source: FrameSize,
  crop: { left: number; top: number; width: number; height: number },
): string {
  const share = (part: number, whole: number) => (part / whole).toFixed(6);
  const width = `iw*${share(crop.width, source.width)}`;
  const height = `ih*${share(crop.height, source.height)}`;
  return `crop=${width}:${height}:iw*${share(crop.left, source.width)}:ih*${share(crop.top, source.height)}`;
}

function padded(
  scaled: FrameSize,
  size: FrameSize,
  position: { x: number; y: number },
  [red, green, blue]: readonly [number, number, number],
): FrameLayout {
  const left = evenOffset((size.width - scaled.width) * position.x);
  const top = evenOffset((size.height - scaled.height) * position.y);
  const color = [red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("");
  const pad = `pad=${size.width}:${size.height}:${left}:${top}:color=0x${color}`;
  return { before: [], scaled, after: [pad], size };
}

function evenWithin(inner: FrameSize, outer: FrameSize): FrameSize {
  const even = evenSize(inner);
  return { width: Math.min(even.width, outer.width), height: Math.min(even.height, outer.height) };
}

/** Chroma lies on every second pixel. */
function evenOffset(px: number): number {
  return Math.floor(px / 2) * 2;
}
