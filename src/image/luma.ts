import type { Pixels } from "./pixels.ts";

/** The brightness of every pixel, 0–255, from the encoded values (ITU-R BT.709 §3). Alpha is not looked at. */
export function lumaOf({ data }: Pixels): Float32Array<ArrayBuffer> {
  const luma = new Float32Array(data.length / 4);
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const at = pixel * 4;
    luma[pixel] = 0.2126 * (data[at] ?? 0) + 0.7152 * (data[at + 1] ?? 0) + 0.0722 * (data[at + 2] ?? 0);
  }
  return luma;
}
