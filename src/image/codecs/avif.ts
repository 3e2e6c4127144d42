import encoderFactory, { type AVIFModule } from "@jsquash/avif/codec/enc/avif_enc.js";
import encoderWasm from "@jsquash/avif/codec/enc/avif_enc.wasm?module";
import { defaultOptions } from "@jsquash/avif/meta.js";
import { EDGE_EFFORT } from "../efforts.ts";
import type { Wanted } from "../encode.ts";
import type { Pixels } from "../pixels.ts";
import { type EmscriptenFactory, instantiateEmscripten } from "./emscripten.ts";
import { keepCodec } from "./instance.ts";

const encoder = keepCodec(() =>
  instantiateEmscripten(encoderFactory as EmscriptenFactory<AVIFModule>, encoderWasm),
);

/** libavif's names for samples of colour. */
const SUBSAMPLES = { "4:2:0": 1, "4:4:4": 3 } as const;

/**
 * 8 bit. At its usual effort half a megapixel takes the CPU that it takes to make 12 of JPEG smaller.
 *
 * @param wanted its quality on libavif's scale
 * @returns null when libavif refuses the picture
 */
export async function encodeAvif(
  pixels: Pixels,
  { quality, lossless = false, effort = "balanced", chromaSubsampling = "4:2:0" }: Wanted,
): Promise<Uint8Array<ArrayBuffer> | null> {
  return await encoder.use(({ module }) => {
    const speed = EDGE_EFFORT.avif[effort];
    const options = lossless
      ? {
          ...defaultOptions,
          speed,
          lossless,
          quality: 100,
          qualityAlpha: 100,
          subsample: SUBSAMPLES["4:4:4"],
        }
      : { ...defaultOptions, speed, quality, subsample: SUBSAMPLES[chromaSubsampling] };
    const bytes = module.encode(pixels.data, pixels.width, pixels.height, options);
    return bytes as Uint8Array<ArrayBuffer> | null;
  });
}
