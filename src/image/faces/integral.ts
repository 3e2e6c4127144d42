/** Brightness of a picture, px by px. */
export interface Plane {
  width: number;
  height: number;
  luma: Float32Array;
}

/** Sums of everything above and to the left of each px, so that any box is summed by four look-ups. */
export interface Integral {
  /** Entries of one row: one more than there are px. */
  stride: number;
  sums: Float64Array;
  /** Of the squares. */
  squares: Float64Array;
}

export function integralOf({ width, height, luma }: Plane): Integral {
  const stride = width + 1;
  const sums = new Float64Array(stride * (height + 1));
  const squares = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    let [row, rowSquares] = [0, 0];
    for (let x = 0; x < width; x++) {
      const light = luma[y * width + x] ?? 0;
      row += light;
      rowSquares += light * light;
      const at = (y + 1) * stride + x + 1;
      sums[at] = (sums[at - stride] ?? 0) + row;
      squares[at] = (squares[at - stride] ?? 0) + rowSquares;
    }
  }
  return { stride, sums, squares };
}

/** The sum of a box, whose top left corner is entry `at`. */
export function boxSum(
  sums: Float64Array,
  stride: number,
  at: number,
  width: number,
  height: number,
): number {
  const below = at + height * stride;
  return (sums[below + width] ?? 0) - (sums[below] ?? 0) - (sums[at + width] ?? 0) + (sums[at] ?? 0);
}

/** A plane at another, smaller size: the mean of what each px covers, by the integral of the larger. */
export function shrinkPlane(plane: Plane, { sums, stride }: Integral, width: number, height: number): Plane {
  const luma = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * plane.height) / height);
    const tall = Math.max(1, Math.floor(((y + 1) * plane.height) / height) - top);
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * plane.width) / width);
      const wide = Math.max(1, Math.floor(((x + 1) * plane.width) / width) - left);
      luma[y * width + x] = boxSum(sums, stride, top * stride + left, wide, tall) / (wide * tall);
    }
  }
  return { width, height, luma };
}
