import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { ImageAnalysis } from "../image/analysis.ts";
import { HEADER_SEARCH_BYTES, headerFactsOf } from "../image/analyze/header-facts.ts";
import { frameOutput } from "../image/framing.ts";
import { type ImageProbe, orientedSize } from "../image/probe.ts";
import type { MediaRecord } from "../media/record.ts";
import type { ImageUrlOptions } from "./options.ts";
import { toImageOutput } from "./to-output.ts";

/** All that is known of an image, by the names that answers have. Nothing of where, when or by whom it was taken. */
export async function learnedOf(env: Env, media: MediaRecord): Promise<Record<string, unknown>> {
  const probe = media.metadata as unknown as ImageProbe;
  const [analysis, head] = await Promise.all([
    analyzed(env, media),
    env.MEDIA.get(media.objectKey, { range: { offset: 0, length: HEADER_SEARCH_BYTES } }),
  ]);
  const facts = await headerFactsOf(new Uint8Array((await head?.arrayBuffer()) ?? []), probe);
  return {
    ...orientedSize(probe),
    format: probe.format,
    compression: facts.compression,
    estimated_quality: facts.estimatedQuality,
    dpi: facts.dpi,
    bit_depth: probe.bitDepth,
    color_model: probe.colorModel,
    icc_profile: facts.iccName,
    has_alpha: probe.hasAlpha,
    frames: probe.frames ?? null,
    orientation: probe.orientation,
    dominant_color: analysis.dominantColor,
    thumbhash: analysis.thumbhash,
    blurhash: analysis.blurhash,
    perceptual_hash: analysis.perceptualHash,
    entropy: analysis.entropy,
    exif: facts.exif,
  };
}

/**
 * What a look at the picture says: from the table, or from a look now, which everybody who asks at once shares.
 *
 * @throws MediaError what the look failed with
 */
export async function analyzed(env: Env, media: MediaRecord): Promise<ImageAnalysis> {
  const answer = await env.DERIVATIVES.getByName(`analysis/${media.sha256}`).analyze(media);
  if ("code" in answer) throw new MediaError(answer.code, answer.message);
  return answer.analysis;
}

/**
 * `f=json`: the size that the options would give, the original, and what was learned from a look at it. Fields that
 * Cloudflare's answer has bear its names.
 *
 * @throws MediaError what the look failed with
 */
export async function describeImage(
  env: Env,
  media: MediaRecord,
  options: ImageUrlOptions,
): Promise<Record<string, unknown>> {
  const probe = media.metadata as unknown as ImageProbe;
  const output = toImageOutput(options, "webp");
  const size = frameOutput(probe, output.trimBorder ? { ...output, trimBorder: undefined } : output).size;
  const {
    width,
    height,
    format: _,
    orientation,
    has_alpha,
    frames,
    bit_depth,
    ...learned
  } = await learnedOf(env, media);
  return {
    ...size,
    original: {
      file_size: media.sizeBytes,
      width,
      height,
      format: media.type,
      orientation,
      has_alpha,
      frames,
      bit_depth,
    },
    ...learned,
  };
}
