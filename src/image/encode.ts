import { MediaError } from "../errors.ts";
import { encodeJpeg } from "./codecs/jpeg.ts";
import { encodePng } from "./codecs/png.ts";
import { encodeWebp } from "./codecs/webp.ts";
import type { ImageFormat, ImageOutput } from "./output.ts";
import type { Pixels } from "./pixels.ts";

type Encoder = (pixels: Pixels, quality: number) => Promise<Uint8Array<ArrayBuffer> | null>;

const ENCODERS = {
  jpeg: encodeJpeg,
  png: encodePng,
  webp: encodeWebp,
} satisfies Record<ImageFormat, Encoder>;

/**
 * Encodes a composed picture. The encoders are given pixels and nothing else, so no metadata of the source can get
 * into the file.
 *
 * @throws MediaError `encoder_failed`
 */
export async function encodeImage(
  pixels: Pixels,
  output: Pick<ImageOutput, "format" | "quality">,
): Promise<Uint8Array<ArrayBuffer>> {
  const encode: Encoder = ENCODERS[output.format];
  const size = `${pixels.width}×${pixels.height}`;
  try {
    const bytes = await encode(pixels, output.quality);
    if (bytes !== null && bytes.length > 0) return bytes;
  } catch (cause) {
    throw new MediaError("encoder_failed", `The ${output.format} encoder stopped at ${size}.`, {
      privateDetail: String(cause),
      cause,
    });
  }
  throw new MediaError("encoder_failed", `The ${output.format} encoder refused a picture of ${size}.`);
}
