import { MediaError } from "../errors.ts";
import { technicalExif } from "../image/analyze/exif-fields.ts";
import { frameOutput } from "../image/framing.ts";
import { type ImageProbe, orientedSize } from "../image/probe.ts";
import type { MediaRecord } from "../media/record.ts";
import type { AppContext } from "../request-context.ts";
import type { ImageUrlOptions } from "./options.ts";
import { toImageOutput } from "./to-output.ts";

/** How much of the original is searched for EXIF, bytes: it stands at the start, where it stands at all. */
const EXIF_SEARCH_BYTES = 131_072;

/**
 * `f=json`: the size that the options would give, the original, and what was learned from a look at it. Fields that
 * Cloudflare's answer has bear its names.
 *
 * @throws MediaError what the look failed with
 */
export async function describeImage(
  c: AppContext,
  media: MediaRecord,
  options: ImageUrlOptions,
): Promise<Record<string, unknown>> {
  const probe = media.metadata as unknown as ImageProbe;
  const output = toImageOutput(options, "webp");
  const size = frameOutput(probe, output.trimBorder ? { ...output, trimBorder: undefined } : output).size;
  const name = `analysis/${media.sha256}`;
  const [answer, head] = await Promise.all([
    c.env.DERIVATIVES.getByName(name).analyze(media),
    c.env.MEDIA.get(media.objectKey, { range: { offset: 0, length: EXIF_SEARCH_BYTES } }),
  ]);
  if ("code" in answer) throw new MediaError(answer.code, answer.message);
  const { interest: _, ...analysis } = answer.analysis;
  const exif = head ? technicalExif(new Uint8Array(await head.arrayBuffer())) : {};
  return {
    ...size,
    original: {
      file_size: media.sizeBytes,
      ...orientedSize(probe),
      format: media.type,
      orientation: probe.orientation,
      has_alpha: probe.hasAlpha,
      frames: probe.frames ?? null,
      bit_depth: probe.bitDepth,
    },
    dominant_color: analysis.dominantColor,
    thumbhash: analysis.thumbhash,
    blurhash: analysis.blurhash,
    entropy: analysis.entropy,
    exif,
  };
}
