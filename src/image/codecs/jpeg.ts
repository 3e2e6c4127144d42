import decoderFactory, { type MozJPEGModule as DecoderModule } from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import decoderWasm from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm?module";
import encoderFactory, { type MozJPEGModule as EncoderModule } from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import encoderWasm from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm?module";
import { defaultOptions } from "@jsquash/jpeg/meta.js";
import type { Pixels } from "../pixels.ts";
import { type EmscriptenFactory, instantiateEmscripten } from "./emscripten.ts";
import { keepCodec } from "./instance.ts";

const decoder = keepCodec(() =>
  instantiateEmscripten(decoderFactory as EmscriptenFactory<DecoderModule>, decoderWasm),
);
const encoder = keepCodec(() =>
  instantiateEmscripten(encoderFactory as EmscriptenFactory<EncoderModule>, encoderWasm),
);

/** Decodes to RGBA as stored, not turned by EXIF. `warnings` are libjpeg's, of which it reports only the first. */
export async function decodeJpeg(input: Uint8Array): Promise<{ pixels: Pixels | null; warnings: string[] }> {
  return await decoder.use((instance) => {
    instance.takeWarnings();
    const pixels = instance.module.decode(input as Uint8Array<ArrayBuffer>, false) as Pixels | null;
    return { pixels, warnings: instance.takeWarnings() };
  });
}

/**
 * Progressive, Huffman tables optimised.
 *
 * @param quality 1–100, on libjpeg's scale with mozjpeg's quantisation tables
 */
export async function encodeJpeg(pixels: Pixels, quality: number): Promise<Uint8Array<ArrayBuffer>> {
  return await encoder.use(({ module }) => {
    const options = { ...defaultOptions, quality };
    return module.encode(pixels.data, pixels.width, pixels.height, options) as Uint8Array<ArrayBuffer>;
  });
}
