import { open } from "node:fs/promises";
import { detectImageFormat } from "../../src/image/probe/detect.ts";
import { decodeBmp } from "./decode-bmp.ts";
import { decodeHeic } from "./decode-heic.ts";
import type { RunPlace } from "./run-ffmpeg.ts";

/** As much as tells the format of a file, bytes. */
const HEAD_BYTES = 1024;

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

async function headOf(file: string): Promise<Uint8Array> {
  const source = await open(file);
  try {
    const { buffer, bytesRead } = await source.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await source.close();
  }
}
