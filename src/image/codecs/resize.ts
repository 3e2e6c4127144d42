import { MediaError } from "../../errors.ts";
import type { Rectangle, Size } from "../geometry.ts";
import type { Pixels } from "../pixels.ts";
import { FILTERS, type Filters, type KernelInstance, kernels, takePixels } from "./kernels.ts";

/**
 * Resamples a window of RGBA in the encoded (non-linear) light that `sharp` uses, with alpha premultiplied when
 * `hasAlpha`. Only the rows that the window needs are copied into the kernels, a few at a time.
 */
export async function resampleRgba(
  pixels: Pixels,
  window: Rectangle,
  size: Size,
  filters: Filters,
  hasAlpha: boolean,
): Promise<Pixels> {
  return await kernels.use((instance) => {
    instance.work++;
    const { exports } = instance;
    const rows = rowsNeeded(pixels, window, size);
    const strip = exports.startPixels(
      pixels.width,
      rows.end - rows.first,
      window.left,
      window.top - rows.first,
      window.width,
      window.height,
      size.width,
      size.height,
      hasAlpha,
      FILTERS[filters.horizontal],
      FILTERS[filters.vertical],
    );
    if (strip === 0)
      throw new MediaError("unsupported_image", "The result needs more memory than this lane has.");
    pushRows(instance, pixels, rows, strip >>> 0);
    return { ...size, data: takePixels(exports, exports.pixelsOutput(), size.width * size.height) };
  });
}

interface Rows {
  first: number;
  /** One past the last. */
  end: number;
}

/** Filters reach three px of the coarser grid past the window, and a cell of the reducer further. */
export function rowsNeeded(pixels: Size, window: Rectangle, size: Size): Rows {
  const reach = Math.ceil(Math.max(window.height / size.height, 1) * 4) + 1;
  return {
    first: Math.max(0, window.top - reach),
    end: Math.min(pixels.height, window.top + window.height + reach),
  };
}

function pushRows({ exports }: KernelInstance, { data, width }: Pixels, rows: Rows, strip: number): void {
  const stripRows = exports.stripRows();
  for (let row = rows.first; row < rows.end; row += stripRows) {
    const count = Math.min(stripRows, rows.end - row);
    new Uint8Array(exports.memory.buffer).set(
      data.subarray(row * width * 4, (row + count) * width * 4),
      strip,
    );
    exports.pushStrip(count);
  }
}
