import { MediaError } from "../../errors.ts";
import type { ImageProbe } from "../probe.ts";
import { type Head, ShortHead } from "./head.ts";
import { svgRootAt } from "./svg-root.ts";

/** A root element longer than this is not a drawing that anyone made, bytes. */
const MAX_ROOT_BYTES = 64 * 1024;

/** px in one unit (CSS Values 4 §6.2). */
const UNITS: Record<string, number> = {
  "": 1,
  px: 1,
  pt: 4 / 3,
  pc: 16,
  mm: 96 / 25.4,
  cm: 96 / 2.54,
  in: 96,
};

/** Size of a drawing from the root element's width and height, else from its viewBox, else 300×150 as browsers do. */
export function probeSvg(head: Head): Omit<ImageProbe, "format"> {
  const root = readRoot(head);
  const viewBox = (attribute(root, "viewBox") ?? "")
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const [, , boxWidth = Number.NaN, boxHeight = Number.NaN] = viewBox;
  const width = lengthPx(attribute(root, "width")) ?? positive(boxWidth) ?? 300;
  const height = lengthPx(attribute(root, "height")) ?? positive(boxHeight) ?? 150;
  return {
    width: Math.max(1, Math.round(width)),
    height: Math.max(1, Math.round(height)),
    orientation: 1,
    hasAlpha: true,
    bitDepth: 8,
    components: 4,
    colorModel: "rgb",
    coding: "plain",
    animated: false,
    frames: 1,
    hasIccProfile: false,
  };
}

function readRoot(head: Head): string {
  const text = new TextDecoder().decode(head.bytes.subarray(0, MAX_ROOT_BYTES));
  const start = svgRootAt(text);
  const end = text.indexOf(">", start);
  if (start >= 0 && end >= 0) return text.slice(start, end);
  if (head.length < MAX_ROOT_BYTES) throw new ShortHead(MAX_ROOT_BYTES);
  throw new MediaError("corrupt_image", "The SVG has no root element near its start.");
}

function attribute(root: string, name: string): string | undefined {
  return new RegExp(`\\s${name}\\s*=\\s*["']([^"']{0,200})["']`).exec(root)?.[1];
}

function lengthPx(value: string | undefined): number | undefined {
  const [, digits, unit = ""] = /^\s*([\d.]{1,20})\s*([a-z]{0,2})\s*$/.exec(value ?? "") ?? [];
  const scale = UNITS[unit];
  return scale === undefined ? undefined : positive(Number(digits) * scale);
}

function positive(value: number): number | undefined {
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
