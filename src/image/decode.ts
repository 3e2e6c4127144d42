import { MediaError } from "../errors.ts";
import { decodeJpeg } from "./codecs/jpeg.ts";
import { decodePng } from "./codecs/png.ts";
import { decodeWebp } from "./codecs/webp.ts";
import { createCompletenessCheck } from "./completeness.ts";
import type { Pixels } from "./pixels.ts";
import { undecodableVariety } from "./plan.ts";
import type { ImageProbe } from "./probe.ts";

/**
 * Decodes a whole still picture to RGBA, as stored. All of it or nothing: a decoder that would fill the missing part
 * with gray is not asked to.
 *
 * @throws MediaError `corrupt_image`, `unsupported_image`
 */
export async function decodeImage(input: Uint8Array, probe: ImageProbe): Promise<Pixels> {
  const variety = undecodableVariety(probe);
  if (variety !== undefined) {
    throw new MediaError("unsupported_image", `There is no decoder for ${variety} on this lane.`);
  }
  const check = createCompletenessCheck(probe.format);
  check.push(input);
  const problem = check.problem();
  if (problem !== undefined) throw new MediaError("corrupt_image", problem);
  const pixels = await decodeByFormat(input, probe);
  if (pixels.width !== probe.width || pixels.height !== probe.height) {
    throw new MediaError("corrupt_image", "The picture is not of the size that its header says.");
  }
  return pixels;
}

async function decodeByFormat(input: Uint8Array, probe: ImageProbe): Promise<Pixels> {
  try {
    switch (probe.format) {
      case "jpeg":
        return await decodeWholeJpeg(input);
      case "png":
        return await decodePng(input);
      case "webp":
        return (await decodeWebp(input)) ?? damaged("libwebp answered with nothing");
      default:
        return damaged(`no decoder for ${probe.format}`);
    }
  } catch (thrown) {
    if (thrown instanceof MediaError) throw thrown;
    // A codec that aborts throws objects of its own, which say nothing as text.
    return damaged(thrown instanceof Error ? thrown.message : "the codec aborted", thrown);
  }
}

/**
 * Some cameras pad the end of the scan: a few bytes before EOI cost nothing of the picture. The same words with more
 * bytes, or before another marker, mean that the decoder lost its place.
 */
const HARMLESS_WARNING = /: \d extraneous bytes before marker 0xd9/;

/** libjpeg decodes on over damage and only warns; a picture with a damaged part is not called done. */
async function decodeWholeJpeg(input: Uint8Array): Promise<Pixels> {
  const { pixels, warnings } = await decodeJpeg(input);
  const damage = warnings.find((warning) => !HARMLESS_WARNING.test(warning));
  if (damage !== undefined || pixels === null) return damaged(damage ?? "libjpeg answered with nothing");
  return pixels;
}

function damaged(privateDetail: string, cause?: unknown): never {
  throw new MediaError("corrupt_image", "The picture is damaged and cannot be decoded as a whole.", {
    privateDetail,
    cause,
  });
}
