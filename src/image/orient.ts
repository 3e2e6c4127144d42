import type { Rectangle, Size } from "./geometry.ts";
import type { Pixels } from "./pixels.ts";
import type { Orientation } from "./probe.ts";

/** How to walk the source for one upright row: first px, then the step for each column and each row, in px. */
interface Walk {
  start: number;
  column: number;
  row: number;
}

/**
 * Turns and mirrors stored pixels so that they stand upright (EXIF 2.32 §4.6.4 A, tag 0x0112; 1 is upright already and
 * comes back as it is). The answer is a new picture, its sides swapped for 5–8.
 */
export function orientPixels(pixels: Pixels, orientation: Orientation): Pixels {
  if (orientation === 1) return pixels;
  const swapped = orientation >= 5;
  const width = swapped ? pixels.height : pixels.width;
  const height = swapped ? pixels.width : pixels.height;
  const { start, column, row } = walkOf(pixels, orientation);
  const source = new Uint32Array(pixels.data.buffer, pixels.data.byteOffset, pixels.width * pixels.height);
  const upright = new Uint32Array(source.length);
  let written = 0;
  for (let y = 0; y < height; y++) {
    let read = start + y * row;
    for (let x = 0; x < width; x++) {
      upright[written++] = source[read] ?? 0;
      read += column;
    }
  }
  return { width, height, data: new Uint8ClampedArray(upright.buffer) };
}

/**
 * The window of the stored picture that shows as `window` of the upright one: lets pixels be cut and shrunk as they are
 * stored, and only the small result be turned.
 *
 * @param stored size as stored, px
 */
export function storedWindow(window: Rectangle, stored: Size, orientation: Orientation): Rectangle {
  const side = storedSize(window, orientation);
  const [fromLeft, fromTop] = orientation >= 5 ? [window.top, window.left] : [window.left, window.top];
  const isMirroredAcross = [2, 3, 7, 8].includes(orientation);
  const isMirroredDown = [3, 4, 6, 7].includes(orientation);
  return {
    ...side,
    left: isMirroredAcross ? stored.width - side.width - fromLeft : fromLeft,
    top: isMirroredDown ? stored.height - side.height - fromTop : fromTop,
  };
}

/** A size of the upright picture as it is before turning, px. */
export function storedSize({ width, height }: Size, orientation: Orientation): Size {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** Where the stored 0th row and column are seen: 2 top right, 3 bottom right, 4 bottom left, 5–8 lie on their side. */
function walkOf({ width, height }: Pixels, orientation: Exclude<Orientation, 1>): Walk {
  const lastColumn = width - 1;
  const lastRow = (height - 1) * width;
  switch (orientation) {
    case 2:
      return { start: lastColumn, column: -1, row: width };
    case 3:
      return { start: lastRow + lastColumn, column: -1, row: -width };
    case 4:
      return { start: lastRow, column: 1, row: -width };
    case 5:
      return { start: 0, column: width, row: 1 };
    case 6:
      return { start: lastRow, column: -width, row: 1 };
    case 7:
      return { start: lastRow + lastColumn, column: -width, row: -1 };
    case 8:
      return { start: lastColumn, column: width, row: -1 };
  }
}
