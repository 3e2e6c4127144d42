import encoderFactory, { type MozJPEGModule as EncoderModule } from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import encoderWasm from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm?module";
import { defaultOptions } from "@jsquash/jpeg/meta.js";
import type { Wanted } from "../encode.ts";
import type { Pixels } from "../pixels.ts";
import { type EmscriptenFactory, instantiateEmscripten } from "./emscripten.ts";
import { keepCodec } from "./instance.ts";

const encoder = keepCodec(() =>
  instantiateEmscripten(encoderFactory as EmscriptenFactory<EncoderModule>, encoderWasm),
);

/**
 * Huffman tables optimised.
 *
 * @param wanted its quality on libjpeg's scale with mozjpeg's quantisation tables; `progressive` is false for devices
 *   that show baseline JPEG only
 */
export async function encodeJpeg(
  pixels: Pixels,
  { quality, progressive = true, effort, chromaSubsampling }: Wanted,
): Promise<Uint8Array<ArrayBuffer>> {
  return await encoder.use(({ module }) => {
    const isBest = effort === "best";
    const options = {
      ...defaultOptions,
      quality,
      progressive,
      baseline: !progressive,
      trellis_multipass: isBest,
      trellis_opt_zero: isBest,
      trellis_opt_table: isBest,
      trellis_loops: isBest ? 2 : 1,
      auto_subsample: chromaSubsampling === undefined,
      chroma_subsample: chromaSubsampling === "4:4:4" ? 1 : 2,
    };
    return module.encode(pixels.data, pixels.width, pixels.height, options) as Uint8Array<ArrayBuffer>;
  });
}
