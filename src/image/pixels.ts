/** A picture in memory: rows from the top, four bytes a pixel (R, G, B, A), alpha not premultiplied. */
export interface Pixels {
  /** px */
  width: number;
  /** px */
  height: number;
  /** `width × height × 4` bytes */
  data: Uint8ClampedArray<ArrayBuffer>;
}
