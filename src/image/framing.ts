import { MediaError } from "../errors.ts";
import { composeOrientation } from "./compose-orientation.ts";
import type { Sampling } from "./demand.ts";
import { type Geometry, planGeometry, type Rectangle, type Size } from "./geometry.ts";
import { hasHalfColor } from "./half-color.ts";
import { storedSize, storedWindow } from "./orient.ts";
import type { ImageOutput } from "./output.ts";
import { type Orientation, orientedSize } from "./probe.ts";

/** A picture as stored: its size before {@link Orientation}, px. */
export interface StoredPicture extends Size {
  orientation: Orientation;
}

/** How one output is cut out of the stored picture, turned and set on its canvas; decided before any pixel is read. */
export interface Framing {
  /** What is read of the stored picture, and at which size. */
  sampling: Sampling;
  /** How the few pixels that are read are turned: the camera's way, the flip and the rotation in one. */
  orientation: Orientation;
  /** In px of the picture as it lies then. */
  geometry: Geometry;
  /** Size of the file with its border, px. */
  size: Size;
}

/**
 * Plans one output: trim, then flip and rotate, then the box, whose sides refer to the picture as it lies by then, then
 * the border.
 *
 * @throws MediaError `impossible_output` when the trim leaves nothing
 */
export function frameOutput(stored: StoredPicture, output: ImageOutput): Framing {
  const part = storedWindow(trimmedPart(orientedSize(stored), output), stored, stored.orientation);
  const orientation = composeOrientation(stored.orientation, output);
  const geometry = planGeometry(storedSize(part, orientation), output);
  const window = storedWindow(geometry.crop, part, orientation);
  const { border } = output;
  return {
    sampling: {
      window: { ...window, left: part.left + window.left, top: part.top + window.top },
      size: storedSize(geometry.resized, orientation),
      hasHalfColor: hasHalfColor(output),
    },
    orientation,
    geometry,
    size: {
      width: geometry.canvas.width + (border ? border.left + border.right : 0),
      height: geometry.canvas.height + (border ? border.top + border.bottom : 0),
    },
  };
}

/** What the trim leaves of the upright picture, px; all of it without one. */
export function trimmedPart(upright: Size, { trim }: Pick<ImageOutput, "trim">): Rectangle {
  if (!trim) return { left: 0, top: 0, ...upright };
  const width = Math.min(trim.width ?? upright.width - trim.right - trim.left, upright.width - trim.left);
  const height = Math.min(trim.height ?? upright.height - trim.bottom - trim.top, upright.height - trim.top);
  if (width >= 1 && height >= 1) return { left: trim.left, top: trim.top, width, height };
  throw new MediaError(
    "impossible_output",
    `The trim leaves nothing of a picture of ${upright.width}×${upright.height} px.`,
  );
}
