import type { Rectangle } from "./geometry.ts";
import type { Pixels } from "./pixels.ts";

/**
 * What lies inside a border of one colour: the smallest window that holds every pixel which differs from it. The whole
 * picture when there is no border, or nothing else.
 *
 * @param color [r, g, b, a], 0–255; that of the top left corner when it is not given
 * @param tolerance largest difference of any channel that still counts as the border, 0–255
 */
export function insideBorder(
  pixels: Pixels,
  tolerance: number,
  color: readonly number[] = [...pixels.data.subarray(0, 4)],
): Rectangle {
  const { width, height } = pixels;
  const differs = differsFrom(pixels, color, tolerance);
  const rowDiffers = (row: number) => some(row * width, 1, width, differs);
  const columnDiffers = (column: number) => some(column, width, height, differs);
  let top = 0;
  while (top < height && !rowDiffers(top)) top++;
  if (top === height) return { left: 0, top: 0, width, height };
  let [bottom, left, right] = [height, 0, width];
  while (!rowDiffers(bottom - 1)) bottom--;
  while (!columnDiffers(left)) left++;
  while (!columnDiffers(right - 1)) right--;
  return { left, top, width: right - left, height: bottom - top };
}

function differsFrom({ data }: Pixels, color: readonly number[], tolerance: number) {
  const [red = 0, green = 0, blue = 0, alpha = 255] = color;
  return (pixel: number): boolean => {
    const at = pixel * 4;
    const opacity = data[at + 3] ?? 255;
    // Fully transparent pixels look alike whatever colour they hold.
    if (opacity === 0 && alpha === 0) return false;
    return (
      Math.abs((data[at] ?? 0) - red) > tolerance ||
      Math.abs((data[at + 1] ?? 0) - green) > tolerance ||
      Math.abs((data[at + 2] ?? 0) - blue) > tolerance ||
      Math.abs(opacity - alpha) > tolerance
    );
  };
}

function some(start: number, step: number, count: number, test: (pixel: number) => boolean): boolean {
  for (let i = 0; i < count; i++) if (test(start + i * step)) return true;
  return false;
}
