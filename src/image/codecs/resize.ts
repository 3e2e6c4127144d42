import wasm from "@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm?module";
import type { Size } from "../geometry.ts";
import type { Pixels } from "../pixels.ts";
import { type BindgenExports, instantiateBindgen, passBytes, takeBytes } from "./bindgen.ts";
import { keepCodec } from "./instance.ts";

/** The kernels of the resizer, by the number it knows them by. */
const KERNELS = { triangle: 0, catmullRom: 1, mitchell: 2, lanczos3: 3 };
export type ResizeKernel = keyof typeof KERNELS;

interface ResizeExports extends BindgenExports {
  resize(
    returnPointer: number,
    pointer: number,
    length: number,
    inputWidth: number,
    inputHeight: number,
    outputWidth: number,
    outputHeight: number,
    kernel: number,
    premultiply: boolean,
    linearLight: boolean,
  ): void;
}

const resizer = keepCodec(async () => {
  const exports: ResizeExports = instantiateBindgen(wasm);
  return { exports, memoryBytes: () => exports.memory.buffer.byteLength };
});

/** Resamples RGBA in the encoded (non-linear) light that `sharp` uses, with alpha premultiplied when `hasAlpha`. */
export async function resampleRgba(
  pixels: Pixels,
  size: Size,
  kernel: ResizeKernel,
  hasAlpha: boolean,
): Promise<Pixels> {
  const { data, width, height } = pixels;
  return await resizer.use(({ exports }) => {
    const bytes = takeBytes(exports, (returnPointer) => {
      const pointer = passBytes(exports, data);
      exports.resize(
        returnPointer,
        pointer,
        data.length,
        width,
        height,
        size.width,
        size.height,
        KERNELS[kernel],
        hasAlpha,
        false,
      );
    });
    return { ...size, data: new Uint8ClampedArray(bytes.buffer) };
  });
}
