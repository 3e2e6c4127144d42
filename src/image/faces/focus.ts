import type { Size } from "../geometry.ts";
import type { ImageOutput } from "../output.ts";
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
  crop: Size,
): { x: number; y: number } | undefined {
  const shown = shownFaces(faces, whole, crop);
  return (
    shown && {
      x: placeOf(shown.x + shown.width / 2, crop.width / whole.width),
      y: placeOf(shown.y + shown.height / 2, crop.height / whole.height),
    }
  );
}

/**
 * The window around faces that a crop shrinks to as it zooms in, px of the picture, in the crop's own ratio.
 *
 * @param zoom from the whole crop (0) to the faces alone (1)
 */
export function zoomOnFaces(
  faces: readonly Face[],
  whole: Size,
  crop: Size,
  zoom: number,
): NonNullable<ImageOutput["trim"]> {
  const shown = shownFaces(faces, whole, crop) ?? { x: 0, y: 0, width: 1, height: 1 };
  const tightest = Math.max(
    (shown.width * whole.width) / crop.width,
    (shown.height * whole.height) / crop.height,
  );
  const scale = 1 - zoom * (1 - Math.min(1, tightest));
  const side = (of: "width" | "height") => Math.max(1, Math.round(crop[of] * scale));
  const size = {
    width: Math.min(whole.width, side("width")),
    height: Math.min(whole.height, side("height")),
  };
  const edge = (from: number, length: number, most: number) =>
    Math.round(Math.min(most - length, Math.max(0, from * most - length / 2)));
  const left = edge(shown.x + shown.width / 2, size.width, whole.width);
  const top = edge(shown.y + shown.height / 2, size.height, whole.height);
  return { left, top, right: 0, bottom: 0, ...size };
}

/** All faces where they fit into the crop, else the largest. */
function shownFaces(faces: readonly Face[], whole: Size, crop: Size): Face | undefined {
  const [largest] = faces;
  if (!largest) return undefined;
  const all = uniteFaces(faces);
  const fits = all.width * whole.width <= crop.width && all.height * whole.height <= crop.height;
  return fits ? all : largest;
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
