import { MediaError } from "../errors.ts";
import { openJpeg } from "./codecs/jpeg-planes.ts";
import type { Filter } from "./codecs/kernels.ts";
import { decodeWebp } from "./codecs/webp.ts";
import { createCompletenessCheck } from "./completeness.ts";
import { type Demand, demandAll } from "./demand.ts";
import type { Rectangle, Size } from "./geometry.ts";
import { conversionOf } from "./icc/conversion-of.ts";
import type { ColorConversion } from "./icc/to-srgb.ts";
import { readMetadata } from "./metadata/source-metadata.ts";
import type { Pixels } from "./pixels.ts";
import { undecodableVariety } from "./plan.ts";
import { openPng } from "./png-source.ts";
import type { ImageProbe } from "./probe.ts";
import { filtersFor, resizePixels } from "./resize.ts";
import { webpDamage } from "./webp-damage.ts";

/** A decoded picture, as stored, that outputs are cut and resampled from. */
export interface ImageSource {
  /** A window as RGBA of another size, with a filter or the one that suits. The window must lie in the one demanded. */
  resample(window: Rectangle, size: Size, filter?: Filter, color?: SampledColor): Promise<Pixels>;
}

/** In sRGB when it is not said; `keep` leaves the codes as they are stored. */
export type SampledColor = "srgb" | "keep";

/**
 * Decodes as much of a still picture as is demanded, to be sampled in sRGB. All of it or nothing: a decoder that would fill a missing part
 * with gray is not asked to.
 *
 * @throws MediaError `corrupt_image`, `unsupported_image`; a profile that this lane cannot apply throws when sampled
 */
export async function openImage(input: Uint8Array, probe: ImageProbe, demand: Demand): Promise<ImageSource> {
  const stored = await openStored(input, probe, demand);
  if (!probe.hasIccProfile) return stored;
  let conversion: { of: ColorConversion | undefined } | undefined;
  return {
    async resample(window, size, filter, color = "srgb") {
      const pixels = await stored.resample(window, size, filter);
      if (color === "keep") return pixels;
      conversion ??= { of: conversionOf(readMetadata(input, probe.format).icc, probe) };
      return conversion.of?.(pixels) ?? pixels;
    },
  };
}

/** The picture in the colours that it is stored in. */
async function openStored(input: Uint8Array, probe: ImageProbe, demand: Demand): Promise<ImageSource> {
  const variety = undecodableVariety(probe);
  if (variety !== undefined) {
    throw new MediaError("unsupported_image", `There is no decoder for ${variety} on this lane.`);
  }
  if (probe.format === "jpeg") return await openPlanes(input, probe, demand);
  refuseIncomplete(input, probe);
  if (probe.format === "png") return openPng(input, probe);
  const pixels = await decodePixels(input, probe);
  return {
    resample: (window, size, filter) => resizePixels(pixels, window, size, probe.hasAlpha, filter),
  };
}

async function openPlanes(input: Uint8Array, probe: ImageProbe, demand: Demand): Promise<ImageSource> {
  try {
    const planes = await openJpeg(input, probe, demand);
    return {
      resample: (window, size, filter) => planes.resample(window, size, filtersFor(window, size, filter)),
    };
  } catch (thrown) {
    // Our own decoder takes no JPEG without its end; what is missing has a sentence of its own.
    refuseIncomplete(input, probe);
    throw thrown;
  }
}

function refuseIncomplete(input: Uint8Array, { format }: ImageProbe): void {
  const check = createCompletenessCheck(format);
  check.push(input);
  const problem = check.problem();
  if (problem !== undefined) throw new MediaError("corrupt_image", problem);
}

/** Decodes a whole still picture to RGBA, as it lies; fails as {@link openImage} does. */
export async function decodeImage(
  input: Uint8Array,
  probe: ImageProbe,
  color: SampledColor = "srgb",
): Promise<Pixels> {
  const { width, height } = probe;
  const source = await openImage(input, probe, demandAll(probe));
  return await source.resample({ left: 0, top: 0, width, height }, { width, height }, undefined, color);
}

/** The formats whose decoders bring all pixels or none. */
async function decodePixels(input: Uint8Array, probe: ImageProbe): Promise<Pixels> {
  const pixels = await decodeByFormat(input, probe);
  if (pixels.width === probe.width && pixels.height === probe.height) return pixels;
  throw new MediaError("corrupt_image", "The picture is not of the size that its header says.", {
    isDoubtful: true,
  });
}

async function decodeByFormat(input: Uint8Array, probe: ImageProbe): Promise<Pixels> {
  try {
    switch (probe.format) {
      case "webp":
        return (await decodeWebp(input)) ?? damagedWebp(input);
      default:
        throw new MediaError("unsupported_image", `There is no decoder for ${probe.format} on this lane.`);
    }
  } catch (thrown) {
    if (thrown instanceof MediaError) throw thrown;
    // A codec that aborts throws objects of its own, which say nothing as text.
    return damagedWebp(input, thrown);
  }
}

function damagedWebp(input: Uint8Array, cause?: unknown): never {
  const privateDetail = cause instanceof Error ? cause.message : "libwebp answered with nothing";
  throw new MediaError("corrupt_image", `The WebP cannot be decoded: ${webpDamage(input)}.`, {
    privateDetail,
    cause,
    isDoubtful: true,
  });
}
