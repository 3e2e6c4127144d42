import encoderFactory, { type AVIFModule } from "@jsquash/avif/codec/enc/avif_enc.js";
import encoderWasm from "@jsquash/avif/codec/enc/avif_enc.wasm?module";
import { defaultOptions } from "@jsquash/avif/meta.js";
import type { Pixels } from "../pixels.ts";
import { type EmscriptenFactory, instantiateEmscripten } from "./emscripten.ts";
import { keepCodec } from "./instance.ts";

const encoder = keepCodec(() =>
  instantiateEmscripten(encoderFactory as EmscriptenFactory<AVIFModule>, encoderWasm),
);

/** libaom's speed, 0–10: at 8 half a megapixel takes the CPU that it takes to make 12 of JPEG smaller. */
const SPEED = 8;

/**
 * 8 bit, 4:2:0.
 *
 * @param quality 1–100, libavif's scale
 * @returns null when libavif refuses the picture
 */
export async function encodeAvif(pixels: Pixels, quality: number): Promise<Uint8Array<ArrayBuffer> | null> {
  return await encoder.use(({ module }) => {
    const options = { ...defaultOptions, quality, speed: SPEED };
    const bytes = module.encode(pixels.data, pixels.width, pixels.height, options);
    return bytes as Uint8Array<ArrayBuffer> | null;
  });
}
