import decoderFactory, { type WebPModule as DecoderModule } from "@jsquash/webp/codec/dec/webp_dec.js";
import decoderWasm from "@jsquash/webp/codec/dec/webp_dec.wasm?module";
import type { WebPModule as EncoderModule } from "@jsquash/webp/codec/enc/webp_enc.js";
import encoderFactory from "@jsquash/webp/codec/enc/webp_enc_simd.js";
import encoderWasm from "@jsquash/webp/codec/enc/webp_enc_simd.wasm?module";
import { defaultOptions } from "@jsquash/webp/meta.js";
import { EDGE_EFFORT } from "../efforts.ts";
import type { Wanted } from "../encode.ts";
import type { Pixels } from "../pixels.ts";
import { type EmscriptenFactory, instantiateEmscripten } from "./emscripten.ts";
import { keepCodec } from "./instance.ts";

// The SIMD build is named outright: the package's own switch compiles a test module, which this runtime refuses.
const encoder = keepCodec(() =>
  instantiateEmscripten(encoderFactory as EmscriptenFactory<EncoderModule>, encoderWasm),
);
const decoder = keepCodec(() =>
  instantiateEmscripten(decoderFactory as EmscriptenFactory<DecoderModule>, decoderWasm),
);

/** What lossless libwebp takes its quality for, 0–100. */
const LOSSLESS_EFFORT = 60;

/** Null when libwebp could not decode all of it. */
export async function decodeWebp(input: Uint8Array): Promise<Pixels | null> {
  return await decoder.use(({ module }) => module.decode(input as Uint8Array<ArrayBuffer>) as Pixels | null);
}

/**
 * @param wanted its quality on libwebp's lossy scale; without loss every pixel as it is, but for the colour of those
 *   that do not show
 * @returns null when libwebp refuses the picture (a side over 16,383 px)
 */
export async function encodeWebp(
  pixels: Pixels,
  { quality, lossless = false, effort = "balanced" }: Wanted,
): Promise<Uint8Array<ArrayBuffer> | null> {
  return await encoder.use(({ module }) => {
    const method = EDGE_EFFORT.webp[effort];
    const options = lossless
      ? { ...defaultOptions, method, lossless: 1, quality: LOSSLESS_EFFORT }
      : { ...defaultOptions, method, quality };
    return module.encode(pixels.data, pixels.width, pixels.height, options) as Uint8Array<ArrayBuffer> | null;
  });
}
