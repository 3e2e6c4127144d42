import type { Rectangle, Size } from "../geometry.ts";
import type { Face } from "./face.ts";

/**
 * Where a crop should lie to show faces, as fractions of what is left over on each axis: all of them where they fit, else
 * the largest; undefined without any.
 *
 * @param faces the largest first
 * @param whole size of the picture, and `crop` of the window to place in it, px
 */
export function focusOnFaces(
  faces: readonly Face[],
  whole: Size,
  crop: Pick<Rectangle, "width" | "height">,
): { x: number; y: number } | undefined {
  const [largest] = faces;
  if (!largest) return undefined;
  const all = uniteFaces(faces);
  const fits = all.width * whole.width <= crop.width && all.height * whole.height <= crop.height;
  const shown = fits ? all : largest;
  return {
    x: placeOf(shown.x + shown.width / 2, crop.width / whole.width),
    y: placeOf(shown.y + shown.height / 2, crop.height / whole.height),
  };
}

/** @param share of the side that the crop covers */
function placeOf(middle: number, share: number): number {
  return share >= 1 ? 0.5 : Math.min(1, Math.max(0, (middle - share / 2) / (1 - share)));
}

function uniteFaces(faces: readonly Face[]): Face {
  const x = Math.min(...faces.map((face) => face.x));
  const y = Math.min(...faces.map((face) => face.y));
  return {
    x,
    y,
    width: Math.max(...faces.map((face) => face.x + face.width)) - x,
    height: Math.max(...faces.map((face) => face.y + face.height)) - y,
  };
}
