import wasm from "../kernels/dist/kernels.wasm?module";
import { keepCodec } from "./instance.ts";

/** What `kernels/index.ts` exports; addresses and lengths in bytes, booleans as 0 and 1. */
interface KernelExports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  startFile(bytes: number): number;
  decodeToPlanes(
    scaleX: number,
    scaleY: number,
    colorScaleX: number,
    colorScaleY: number,
    left: number,
    top: number,
    right: number,
    bottom: number,
  ): number;
  pictureWidth(): number;
  pictureHeight(): number;
  renderPlanes(
    model: number,
    left: number,
    top: number,
    width: number,
    height: number,
    targetWidth: number,
    targetHeight: number,
    filterX: number,
    filterY: number,
  ): number;
  startPixels(
    sourceWidth: number,
    sourceHeight: number,
    left: number,
    top: number,
    width: number,
    height: number,
    targetWidth: number,
    targetHeight: number,
    hasAlpha: boolean,
    filterX: number,
    filterY: number,
  ): number;
  stripRows(): number;
  pushStrip(rows: number): void;
  pixelsOutput(): number;
  startStrip(width: number): number;
  startPng(
    payloadBytes: number,
    widest: number,
    colorType: number,
    samples: number,
    bitDepth: number,
  ): number;
  setTransparentColor(red: number, green: number, blue: number): void;
  beginPng(): number;
  beginPass(width: number, height: number, isLast: boolean): void;
  nextPngRows(strip: number, most: number): number;
  pngStatus: WebAssembly.Global;
  SAMPLE_COLORS: WebAssembly.Global;
}

/** Resampling filters, by the numbers of `kernels/resize/filters.ts`. */
export const FILTERS = {
  nearest: 0,
  bilinear: 1,
  bicubic: 2,
  mitchell: 3,
  lanczos2: 4,
  lanczos3: 5,
} as const;
export type Filter = keyof typeof FILTERS;

/** One filter for each axis. */
export interface Filters {
  horizontal: Filter;
  vertical: Filter;
}

/** Our own WASM, compiled from `kernels/` by `npm run build:kernels`. It holds one piece of work at a time. */
export interface KernelInstance {
  exports: KernelExports;
  /** Counts pieces of work: what lies in the memory belongs to the one that was started last. */
  work: number;
  memoryBytes(): number;
}

export const kernels = keepCodec(async (): Promise<KernelInstance> => {
  const exports = new WebAssembly.Instance(wasm, {}).exports as KernelExports;
  return { exports, work: 0, memoryBytes: () => exports.memory.buffer.byteLength };
});

/** Copies RGBA out of the kernels. */
export function takePixels(
  exports: KernelExports,
  address: number,
  pixels: number,
): Uint8ClampedArray<ArrayBuffer> {
  return new Uint8ClampedArray(exports.memory.buffer, address >>> 0, pixels * 4).slice();
}
