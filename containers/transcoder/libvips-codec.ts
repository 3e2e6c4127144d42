import sharp, { type JpegOptions, type Sharp } from "sharp";
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

/** libaom's effort, 0–9: 4 is where more of it stops paying in bytes. */
const AVIF_EFFORT = 4;

/** A file of one format, in the settings that come closest to the edge's. */
export function encode(image: Sharp, output: Wanted): Sharp {
  switch (output.format) {
    case "jpeg":
      return image.jpeg(jpegOptions(output));
    case "webp":
      return output.lossless
        ? image.webp({ lossless: true, quality: 60 })
        : image.webp({ quality: output.quality });
    case "png":
      return image.png({ compressionLevel: 6 });
    case "avif":
      return image.avif({ quality: output.quality, effort: AVIF_EFFORT, chromaSubsampling: "4:2:0" });
  }
}

/** mozjpeg as the edge has it, down to the same bytes below quality 80, and whole colour from 90 on. */
function jpegOptions({ quality, progressive = true }: Wanted): JpegOptions {
  return {
    quality,
    progressive,
    optimiseScans: progressive,
    quantisationTable: 3,
    trellisQuantisation: true,
    overshootDeringing: true,
    chromaSubsampling: quality >= 90 ? "4:4:4" : "4:2:0",
  };
}
