import "./wasm-modules.ts";
import sharp from "sharp";
import { LIBVIPS_CODEC } from "../../containers/transcoder/libvips-codec.ts";
import { pixelsOf } from "../../containers/transcoder/pixels-of.ts";
import { QUALITY_WORDS, resolveQuality } from "../../src/image/quality.ts";
import { ssimOf } from "../../src/image/ssim.ts";
import { buildKernels } from "../../src/local/build-kernels.ts";
import type { Row } from "./row.ts";

const PHOTOS = [1, 2, 3, 4];
const SIZE = [512, 384] as const;
const FORMATS = ["jpeg", "webp", "avif"] as const;

/**
 * How alike the words of quality look: the mean similarity and size of each, by format and lane, over four photos. The
 * reference is the edge's JPEG.
 */
export async function measureQuality(): Promise<Row[]> {
  buildKernels();
  const { EDGE_CODEC } = await import("../../src/image/edge-codec.ts");
  const { detailedPhoto } = await import("../fixtures/detailed-photo.ts");
  const photos = PHOTOS.map((seed) => detailedPhoto(...SIZE, seed));
  const rows: Row[] = [];
  for (const word of QUALITY_WORDS) {
    let reference: number | undefined;
    for (const format of FORMATS) {
      for (const [lane, codec] of Object.entries({ edge: EDGE_CODEC, container: LIBVIPS_CODEC })) {
        const quality = resolveQuality(word, format);
        let [similarity, bytes] = [0, 0];
        for (const photo of photos) {
          const file = await codec.encode(photo, { format, quality });
          similarity += ssimOf(await pixelsOf(sharp(file)), photo) / PHOTOS.length;
          bytes += file.length / PHOTOS.length;
        }
        reference ??= similarity;
        const what = `${word}: ${format} q${quality}, ${lane}, ${Math.round(bytes)} bytes`;
        rows.push(rowOf(what, similarity, reference));
      }
    }
  }
  return rows;
}

function rowOf(what: string, similarity: number, reference: number): Row {
  const round = (value: number) => Math.round(value * 10_000) / 10_000;
  return {
    case: what,
    metric: "SSIM",
    ours: round(similarity),
    reference: round(reference),
    ratio: round(similarity / reference),
    goal: null,
    better: "higher",
  };
}
