import { MediaError } from "../errors.ts";
import { samplingOf } from "./demand.ts";
import { planGeometry } from "./geometry.ts";
import { decodeBytes, kernelBytes, outputBytes } from "./memory.ts";
import type { ImageOutput } from "./output.ts";
import { type LogoHeaders, logoOf, planLogo } from "./plan-logo.ts";
import { type ImageProbe, orientedSize } from "./probe.ts";

/** Where an image task will run and why, decided from the header alone. */
export interface ImagePlan {
  lane: "edge" | "container-short";
  /** One sentence for people: why this lane. */
  reason: string;
  /** What the edge lane would need at its worst moment, WASM memories and JS heap together, bytes. */
  estimatedPeakBytes: number;
  /** What the maker of the job may want to know, one sentence each. */
  notes: string[];
}

export interface ImageLimits {
  /** Most pixels that an input may have on any lane. */
  maxPixels: number;
  /** Most memory that one picture may take on the edge lane, bytes. */
  maxPeakBytes: number;
  /** Size of the input file, when it is known, bytes. */
  inputBytes: number;
  /** The logos that outputs are marked with. */
  logos: LogoHeaders;
}

const MIB = 1024 * 1024;

/** An isolate has 128 MB for everything; the script, its heap and other requests get the part that is not here. */
export const DEFAULT_IMAGE_LIMITS: ImageLimits = {
  maxPixels: 100_000_000,
  maxPeakBytes: 104 * MIB,
  inputBytes: 0,
  logos: new Map(),
};

/**
 * Chooses the lane of one image and its outputs before any pixel is touched.
 *
 * @throws MediaError `too_many_pixels` when the input has more than `limits.maxPixels`; `impossible_output` when an
 *   output would have a side that its format cannot hold, or more than `limits.maxPixels`
 */
export function planImage(
  probe: ImageProbe,
  outputs: ImageOutput[],
  limits: Partial<ImageLimits> = {},
): ImagePlan {
  const { maxPixels, maxPeakBytes, inputBytes, logos } = { ...DEFAULT_IMAGE_LIMITS, ...limits };
  const pixels = probe.width * probe.height;
  if (pixels > maxPixels) {
    const limit = `${maxPixels / 1e6} megapixels`;
    throw new MediaError("too_many_pixels", `${probe.width}×${probe.height} is more than ${limit}.`);
  }
  for (const output of outputs) checkOutput(probe, output, maxPixels);
  const estimatedPeakBytes = estimatePeakBytes(probe, outputs, inputBytes, logos);
  const notes = notesOn(probe);
  const variety = undecodableVariety(probe) ?? undecodableLogo(outputs, logos);
  if (variety !== undefined) {
    return {
      lane: "container-short",
      reason: `The edge has no decoder for ${variety}.`,
      estimatedPeakBytes,
      notes,
    };
  }
  const peak = `${Math.ceil(estimatedPeakBytes / MIB)} MiB`;
  const isWithin = estimatedPeakBytes <= maxPeakBytes;
  const reason = isWithin
    ? `It fits the edge: ${peak} at most.`
    : `It would take ${peak} at the edge, where ${Math.floor(maxPeakBytes / MIB)} MiB are allowed.`;
  return { lane: isWithin ? "edge" : "container-short", reason, estimatedPeakBytes, notes };
}

/** Longest side that a file of a format can have, px: libwebp's 14 bits, JPEG's practical limit in libjpeg. */
const MAX_SIDE_PX = { webp: 16_383, jpeg: 65_500, png: 65_535 } satisfies Record<
  ImageOutput["format"],
  number
>;

function checkOutput(probe: ImageProbe, output: ImageOutput, maxPixels: number): void {
  const { width, height } = planGeometry(orientedSize(probe), output).canvas;
  if (Math.max(width, height) <= MAX_SIDE_PX[output.format] && width * height <= maxPixels) return;
  throw new MediaError(
    "impossible_output",
    `${output.name} would be ${width}×${height} px, more than a ${output.format} file may be.`,
  );
}

/** What keeps a picture from the edge whatever its size, in words; undefined when the edge can decode it. */
export function undecodableVariety(probe: ImageProbe): string | undefined {
  const name = probe.format.toUpperCase();
  switch (probe.format) {
    case "jpeg":
      if (probe.components === 4) return "CMYK JPEG";
      if (probe.bitDepth !== 8) return `${probe.bitDepth}-bit JPEG`;
      return probe.coding === "arithmetic" || probe.coding === "lossless"
        ? `${probe.coding} JPEG`
        : undefined;
    case "webp":
      return probe.animated ? "animated WebP" : undefined;
    case "png":
      return undefined;
    default:
      return name;
  }
}

/** As {@link undecodableVariety}, of the logos. */
function undecodableLogo(outputs: ImageOutput[], logos: LogoHeaders): string | undefined {
  for (const output of outputs) {
    const logo = logoOf(output, logos);
    const variety = logo && undecodableVariety(logo.probe);
    if (variety !== undefined) return `a logo in ${variety}`;
  }
  return undefined;
}

function notesOn(probe: ImageProbe): string[] {
  const notes: string[] = [];
  if (probe.format === "png" && probe.animated)
    notes.push("Only the default picture of the animated PNG is used.");
  if (probe.hasIccProfile) notes.push("The colour profile is not applied: colours are read as sRGB.");
  return notes;
}

/**
 * The file, the decoder, what it decodes and the dearest output together: codecs keep their memory from one step to the
 * next and from one picture to the next, so all of it is there at once.
 */
function estimatePeakBytes(
  probe: ImageProbe,
  outputs: ImageOutput[],
  inputBytes: number,
  logos: LogoHeaders,
): number {
  const upright = orientedSize(probe);
  const planned = outputs.map((output) => {
    const geometry = planGeometry(upright, output);
    const logo = planLogo(output, geometry.canvas, logos);
    return {
      sampling: samplingOf(geometry, probe),
      logo,
      bytes: outputBytes(geometry, output.format) + logo.rest,
    };
  });
  const samplings = planned.map(({ sampling }) => sampling);
  const kernels = Math.max(
    kernelBytes(probe, samplings, inputBytes),
    ...planned.map(({ logo }) => logo.kernels),
  );
  const dearest = Math.max(0, ...planned.map(({ bytes }) => bytes));
  return Math.ceil(inputBytes + decodeBytes(probe, inputBytes) + kernels + dearest);
}
