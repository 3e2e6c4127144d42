import { detectImageFormat } from "../../src/image/probe/detect.ts";
import { decodeBmp } from "./decode-bmp.ts";
import { decodeHeic } from "./decode-heic.ts";
import { headOf } from "./head-of.ts";
import type { RunPlace } from "./run-ffmpeg.ts";

/**
 * A local file that libvips opens: of formats that it does not know a PNG beside it, and else the very file.
 *
 * @throws {MediaError} `decoder_missing`, `unsupported_image`, `corrupt_image`
 */
export async function openableImage(place: RunPlace, input: string): Promise<string> {
  switch (detectImageFormat(await headOf(input))) {
    case "heic":
      return await decodeHeic(place, input);
    case "bmp":
      return await decodeBmp(place, input);
    default:
      return input;
  }
}
