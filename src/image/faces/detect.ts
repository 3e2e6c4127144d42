import { lumaOf } from "../luma.ts";
import type { Pixels } from "../pixels.ts";
import type { Cascade } from "./cascade.ts";
import type { Face } from "./face.ts";
import { type Box, groupBoxes } from "./group.ts";
import { boxSum, type Integral, integralOf, shrinkPlane } from "./integral.ts";

/** Most faces that are told of: the largest. */
const MAX_FACES = 20;

/** From one size of face to the next. */
const SCALE_STEP = 1.1;

/**
 * Finds faces that look at the camera, the largest first: a window slides over the picture at many sizes, and the cascade
 * says of each whether it is a face; where several overlapping ones say so, there is one.
 *
 * @param picture upright, no side longer than `FACE_SIDE_PX`
 */
export function detectFaces(picture: Pixels, cascade: Cascade): Face[] {
  const { width, height } = picture;
  const plane = { width, height, luma: lumaOf(picture) };
  const whole = integralOf(plane);
  const found: Box[] = [];
  const most = Math.min(width / cascade.width, height / cascade.height);
  for (let scale = 1; scale <= most; scale *= SCALE_STEP) {
    const small = { width: Math.round(width / scale), height: Math.round(height / scale) };
    const integral = scale === 1 ? whole : integralOf(shrinkPlane(plane, whole, small.width, small.height));
    // Faces of few px are looked for at every other px, as each is one window of many.
    const step = scale > 2 ? 1 : 2;
    for (let y = 0; y + cascade.height <= small.height; y += step)
      for (let x = 0; x + cascade.width <= small.width; x += step)
        if (isFace(cascade, integral, y * integral.stride + x))
          found.push({
            x: x * scale,
            y: y * scale,
            width: cascade.width * scale,
            height: cascade.height * scale,
          });
  }
  return groupBoxes(found)
    .slice(0, MAX_FACES)
    .map((box) => ({
      x: fraction(box.x / width),
      y: fraction(box.y / height),
      width: fraction(box.width / width),
      height: fraction(box.height / height),
    }));
}

function fraction(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;
}

/** Light differs from picture to picture: features are measured in standard deviations of the window's brightness. */
function isFace({ width, height, stages, features }: Cascade, integral: Integral, at: number): boolean {
  const deviation = deviationOf(integral, at + integral.stride + 1, width - 2, height - 2);
  if (deviation === undefined) return false;
  for (const { threshold, trees } of stages) {
    let sum = 0;
    for (const tree of trees) {
      let node = 0;
      do {
        const boxes = features[tree.feature[node] ?? 0]?.boxes;
        const value = boxes === undefined ? 0 : differenceOf(boxes, integral, at) / deviation;
        node = (value < (tree.threshold[node] ?? 0) ? tree.left[node] : tree.right[node]) ?? 0;
      } while (node > 0);
      sum += tree.leaves[-node] ?? 0;
    }
    if (sum < threshold) return false;
  }
  return true;
}

/** Least difference of brightness that a face has, levels: a wall has less. */
const LEAST_DEVIATION = 4;

/** Standard deviation within a window, times its px; undefined where nothing is to be seen. */
function deviationOf({ sums, squares, stride }: Integral, at: number, width: number, height: number) {
  const area = width * height;
  const sum = boxSum(sums, stride, at, width, height);
  const variance = boxSum(squares, stride, at, width, height) / area - (sum / area) ** 2;
  return variance < LEAST_DEVIATION ** 2 ? undefined : Math.sqrt(variance) * area;
}

function differenceOf(boxes: Float64Array, { sums, stride }: Integral, at: number): number {
  let value = 0;
  for (let box = 0; box < boxes.length; box += 5) {
    const corner = at + (boxes[box + 1] ?? 0) * stride + (boxes[box] ?? 0);
    value += boxSum(sums, stride, corner, boxes[box + 2] ?? 0, boxes[box + 3] ?? 0) * (boxes[box + 4] ?? 0);
  }
  return value;
}
