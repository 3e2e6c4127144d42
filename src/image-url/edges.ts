import type { ImageOutput } from "../image/output.ts";
import type { ImageUrlOptions } from "./options.ts";

const BLACK: ImageOutput["background"] = [0, 0, 0, 255];
const DEFAULT_TOLERANCE = 10;

/**
 * What is cut off before anything else. `trim.…` win over `trim`, as what is said more closely.
 *
 * @param dpr multiplies every px
 */
export function trimOf(options: ImageUrlOptions, dpr: number): Pick<ImageOutput, "trim" | "trimBorder"> {
  const scaled = (px: number) => Math.round(px * dpr);
  const { trim } = options;
  const searches =
    typeof trim === "string" ||
    options["trim.border.tolerance"] !== undefined ||
    options["trim.border.color"];
  if (searches) {
    return {
      trimBorder: {
        color: options["trim.border.color"],
        tolerance: options["trim.border.tolerance"] ?? DEFAULT_TOLERANCE,
        keep: scaled(options["trim.border.keep"] ?? 0),
      },
    };
  }
  const [width, height] = [options["trim.width"], options["trim.height"]];
  const sides = {
    top: options["trim.top"] ?? trim?.top ?? 0,
    right: options["trim.right"] ?? trim?.right ?? 0,
    bottom: options["trim.bottom"] ?? trim?.bottom ?? 0,
    left: options["trim.left"] ?? trim?.left ?? 0,
  };
  if (width === undefined && height === undefined && Object.values(sides).every((px) => px === 0)) return {};
  return {
    trim: {
      top: scaled(sides.top),
      right: scaled(sides.right),
      bottom: scaled(sides.bottom),
      left: scaled(sides.left),
      width: width && scaled(width),
      height: height && scaled(height),
    },
  };
}

/** The frame around everything; a colour alone makes none. */
export function borderOf(options: ImageUrlOptions, dpr: number): ImageOutput["border"] {
  const all = options["border.width"];
  const side = (name: "top" | "right" | "bottom" | "left") =>
    Math.round((options[`border.${name}`] ?? all ?? options.border?.[name] ?? 0) * dpr);
  const sides = { top: side("top"), right: side("right"), bottom: side("bottom"), left: side("left") };
  if (Object.values(sides).every((px) => px === 0)) return undefined;
  return { ...sides, color: options["border.color"] ?? BLACK };
}
