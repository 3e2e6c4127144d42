import { MediaError } from "../errors.ts";
import { encodeAvif } from "./codecs/avif.ts";
import { encodeJpeg } from "./codecs/jpeg.ts";
import { encodePng } from "./codecs/png.ts";
import { encodeWebp } from "./codecs/webp.ts";
import type { ImageFormat, ImageOutput } from "./output.ts";
import type { Pixels } from "./pixels.ts";

/** How one file is written. */
export type Wanted = Pick<
  ImageOutput,
  "format" | "quality" | "progressive" | "lossless" | "maxColors" | "effort" | "chromaSubsampling"
>;
type Encoder = (pixels: Pixels, wanted: Wanted) => Promise<Uint8Array<ArrayBuffer> | null>;

const ENCODERS = {
  jpeg: encodeJpeg,
  png: encodePng,
  webp: encodeWebp,
  avif: encodeAvif,
  // Plans leave it to a container.
  gif: async () => null,
} satisfies Record<ImageFormat, Encoder>;

/**
 * Encodes a composed picture. The encoders are given pixels and nothing else, so no metadata of the source can get
 * into the file.
 *
 * @throws MediaError `encoder_failed`
 */
export async function encodeImage(pixels: Pixels, output: Wanted): Promise<Uint8Array<ArrayBuffer>> {
  const encode: Encoder = ENCODERS[output.format];
  const size = `${pixels.width}×${pixels.height}`;
  try {
    const bytes = await encode(pixels, output);
    if (bytes !== null && bytes.length > 0) return bytes;
  } catch (cause) {
    throw new MediaError("encoder_failed", `The ${output.format} encoder stopped at ${size}.`, {
      privateDetail: String(cause),
      cause,
    });
  }
  throw new MediaError("encoder_failed", `The ${output.format} encoder refused a picture of ${size}.`);
}
