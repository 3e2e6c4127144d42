import sharp, { type JpegOptions, type Sharp } from "sharp";
import { CONTAINER_EFFORT } from "../../src/image/efforts.ts";
import type { Wanted } from "../../src/image/encode.ts";
import type { ImageCodec } from "../../src/image/encode-output.ts";
import { pixelsOf } from "./pixels-of.ts";

/** The codecs of libvips, on pixels in memory. */
export const LIBVIPS_CODEC: ImageCodec = {
  async encode({ data, width, height }, wanted) {
    const raw = sharp(Buffer.from(data.buffer, data.byteOffset, data.length), {
      raw: { width, height, channels: 4 },
    });
    const written = await encode(wanted.format === "jpeg" ? raw.removeAlpha() : raw, wanted).toBuffer();
    return new Uint8Array(written);
  },
  // A profile that was kept describes the very numbers that are compared: it is not applied.
  decode: async (bytes) => await pixelsOf(sharp(bytes, { ignoreIcc: true })),
};

/** A file of one format, in the settings that come closest to the edge's. */
export function encode(image: Sharp, output: Wanted): Sharp {
  const { quality, lossless = false, effort = "balanced", maxColors, chromaSubsampling } = output;
  switch (output.format) {
    case "jpeg":
      return image.jpeg(jpegOptions(output));
    case "webp":
      return image.webp({
        lossless,
        quality: lossless ? LOSSLESS_EFFORT : quality,
        effort: CONTAINER_EFFORT.webp[effort],
      });
    case "png":
      return image.png({
        compressionLevel: CONTAINER_EFFORT.png[effort],
        ...(maxColors && { palette: true, colors: maxColors }),
      });
    case "avif":
      return image.avif({
        lossless,
        quality,
        effort: CONTAINER_EFFORT.avif[effort],
        chromaSubsampling: lossless ? "4:4:4" : (chromaSubsampling ?? "4:2:0"),
      });
    case "gif":
      return image.gif({ colors: maxColors ?? 256, effort: CONTAINER_EFFORT.gif[effort] });
  }
}

/** What lossless libwebp takes its quality for, as the edge has it. */
const LOSSLESS_EFFORT = 60;

/** mozjpeg as the edge has it, down to the same bytes below quality 80, and whole colour from 90 on. */
function jpegOptions({ quality, progressive = true, effort, chromaSubsampling }: Wanted): JpegOptions {
  return {
    quality,
    progressive,
    optimiseScans: progressive,
    quantisationTable: 3,
    trellisQuantisation: effort !== "fast",
    overshootDeringing: true,
    chromaSubsampling: chromaSubsampling ?? (quality >= 90 ? "4:4:4" : "4:2:0"),
  };
}
