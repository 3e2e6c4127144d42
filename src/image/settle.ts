import { composeOrientation } from "./compose-orientation.ts";
import { FACE_SIDE_PX, type Face } from "./faces/face.ts";
import { focusOnFaces, zoomOnFaces } from "./faces/focus.ts";
import { insideBorder } from "./find-border.ts";
import { trimmedPart } from "./framing.ts";
import { planGeometry, type Rectangle, type Size } from "./geometry.ts";
import { focusOf, INTEREST_SIDE_PX, measureInterest } from "./interest.ts";
import { orientPixels, storedSize, storedWindow } from "./orient.ts";
import type { ImageOutput } from "./output.ts";
import type { Pixels } from "./pixels.ts";

/** Borders are looked for at this size at most, px: exact up to here, and to the next px of this above. */
export const BORDER_LOOK_PX = 1024;

/** A window of the upright picture at another size: how each lane lets the pixels be looked at. */
export type Look = (window: Rectangle, size: Size) => Promise<Pixels>;

/** Faces in an upright picture of at most `FACE_SIDE_PX` a side; undefined where the lane has no detector. */
export type FindFaces = (picture: Pixels) => Promise<Face[] | undefined>;

/** Whether only the pixels can say what the output is: it has a border to find, or a crop that looks for something. */
export function isUnsettled({ trimBorder, gravity, resizeMode }: ImageOutput): boolean {
  return trimBorder !== undefined || (gravity !== undefined && resizeMode === "crop");
}

/**
 * Answers what an output leaves to the pixels, so that it says in numbers what is made: `trimBorder` becomes `trim`,
 * `gravity` becomes `position`.
 *
 * @param upright size of the upright picture, px
 */
export async function settleOutput(
  upright: Size,
  output: ImageOutput,
  look: Look,
  findFaces: FindFaces = async () => undefined,
): Promise<ImageOutput> {
  if (!isUnsettled(output)) return output;
  const { trimBorder, gravity, ...rest } = output;
  const trim = trimBorder ? await findTrim(upright, trimBorder, look) : output.trim;
  const trimmed = { ...rest, trim };
  if (gravity === undefined || output.resizeMode !== "crop") return trimmed;
  const part = trimmedPart(upright, trimmed);
  const orientation = composeOrientation(1, output);
  const small = async (side: number) => orientPixels(await look(part, shrunkTo(part, side)), orientation);
  const shown = storedSize(part, orientation);
  const { crop } = planGeometry(shown, trimmed);
  const faces = gravity === "face" ? await findFaces(await small(FACE_SIDE_PX)) : undefined;
  const onFaces = focusOnFaces(faces ?? [], shown, crop);
  if (onFaces && faces && output.zoom) {
    const close = storedWindow(
      trimmedPart(shown, { trim: zoomOnFaces(faces, shown, crop, output.zoom) }),
      part,
      orientation,
    );
    const window = { ...close, left: part.left + close.left, top: part.top + close.top };
    return { ...trimmed, zoom: undefined, trim: { ...window, right: 0, bottom: 0 } };
  }
  if (onFaces) return { ...trimmed, position: onFaces };
  // Where there is no face, what draws the eye is the next best thing.
  const interest = measureInterest(await small(INTEREST_SIDE_PX), gravity === "face" ? "attention" : gravity);
  return { ...trimmed, position: focusOf(interest, shown, crop) };
}

/** A size of the same ratio, no side longer than `longest`, px. */
export function shrunkTo({ width, height }: Size, longest: number): Size {
  const scale = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

async function findTrim(
  upright: Size,
  { color, tolerance, keep }: NonNullable<ImageOutput["trimBorder"]>,
  look: Look,
): Promise<ImageOutput["trim"]> {
  const size = shrunkTo(upright, BORDER_LOOK_PX);
  const inside = insideBorder(await look({ left: 0, top: 0, ...upright }, size), tolerance, color);
  const [x, y] = [upright.width / size.width, upright.height / size.height];
  const cut = (px: number) => Math.max(0, Math.floor(px) - keep);
  return {
    left: cut(inside.left * x),
    top: cut(inside.top * y),
    right: cut((size.width - inside.left - inside.width) * x),
    bottom: cut((size.height - inside.top - inside.height) * y),
  };
}
