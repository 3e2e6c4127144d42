import { decodeImage } from "./decode.ts";
import { encodeImage } from "./encode.ts";
import type { ImageCodec } from "./encode-output.ts";
import { needsMoreBytes, probeImage } from "./probe.ts";

/** The codecs of the isolate, all of what it writes but AVIF read again as well. */
export const EDGE_CODEC: ImageCodec = {
  encode: encodeImage,
  async decode(bytes) {
    const probe = probeImage(bytes, bytes.length);
    if (needsMoreBytes(probe)) throw new Error("the encoder wrote no complete header");
    // The codes are what a search compares, whatever profile goes with them.
    return await decodeImage(bytes, probe, "keep");
  },
};
