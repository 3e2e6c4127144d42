import encoderFactory, { type MozJPEGModule as EncoderModule } from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import encoderWasm from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm?module";
import { defaultOptions } from "@jsquash/jpeg/meta.js";
import type { Pixels } from "../pixels.ts";
import { type EmscriptenFactory, instantiateEmscripten } from "./emscripten.ts";
import { keepCodec } from "./instance.ts";

const encoder = keepCodec(() =>
  instantiateEmscripten(encoderFactory as EmscriptenFactory<EncoderModule>, encoderWasm),
);

/**
 * Huffman tables optimised.
 *
 * @param quality 1–100, on libjpeg's scale with mozjpeg's quantisation tables
 * @param progressive false for devices that show baseline JPEG only
 */
export async function encodeJpeg(
  pixels: Pixels,
  quality: number,
  progressive = true,
): Promise<Uint8Array<ArrayBuffer>> {
  return await encoder.use(({ module }) => {
    const options = { ...defaultOptions, quality, progressive, baseline: !progressive };
    return module.encode(pixels.data, pixels.width, pixels.height, options) as Uint8Array<ArrayBuffer>;
  });
}
