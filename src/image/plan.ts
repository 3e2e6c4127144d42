import { MediaError } from "../errors.ts";
import type { Sampling } from "./demand.ts";
import { type Framing, frameOutput } from "./framing.ts";
import { INTEREST_SIDE_PX } from "./interest.ts";
import { learnSampling } from "./learn.ts";
import { decodeBytes, isDear, kernelBytes, outputBytes } from "./memory.ts";
import { storedSize } from "./orient.ts";
import type { ImageOutput } from "./output.ts";
import { type LogoHeaders, logoOf, planLogo } from "./plan-logo.ts";
import { type ImageProbe, orientedSize } from "./probe.ts";
import { requireWhole } from "./salvage.ts";
import { BORDER_LOOK_PX, isUnsettled, shrunkTo } from "./settle.ts";

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

/** A drawing costs what it says, not what it weighs: filters work for each pixel of it, and a few bytes ask for many. */
const SVG_PIXELS = 16_000_000;

/**
 * Chooses the lane of one image and its outputs before any pixel is touched.
 *
 * @throws MediaError `too_many_pixels` when the input has more than `limits.maxPixels`; `corrupt_image` when it is cut
 *   short and not all outputs make do with what there is; `impossible_output` when an
 *   output would have a side that its format cannot hold, or more than `limits.maxPixels`
 */
export function planImage(
  probe: ImageProbe,
  outputs: ImageOutput[],
  limits: Partial<ImageLimits> = {},
): ImagePlan {
  const { maxPixels, maxPeakBytes, inputBytes, logos } = { ...DEFAULT_IMAGE_LIMITS, ...limits };
  const most = probe.format === "svg" ? Math.min(maxPixels, SVG_PIXELS) : maxPixels;
  if (probe.width * probe.height > most) {
    const limit = `${most / 1e6} megapixels`;
    throw new MediaError("too_many_pixels", `${probe.width}×${probe.height} is more than ${limit}.`);
  }
  requireWhole(probe, outputs);
  for (const output of outputs) checkFraming(probe, output, maxPixels);
  const estimatedPeakBytes = estimatePeakBytes(probe, outputs, inputBytes, logos);
  const notes = notesOn(probe);
  if (probe.cutShort !== undefined) {
    const reason = "The edge decodes a picture as a whole, and this one is cut short.";
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  const variety = undecodableVariety(probe) ?? undecodableLogo(outputs, logos);
  if (variety !== undefined) {
    return {
      lane: "container-short",
      reason: `The edge has no decoder for ${variety}.`,
      estimatedPeakBytes,
      notes,
    };
  }
  const isKeepable = probe.colorModel !== "grayscale";
  const converts = outputs.some(({ colorProfile }) => colorProfile !== "keep" || !isKeepable);
  if (probe.profileKind === "lut" && converts) {
    const reason = "The edge has no tables of colours, which the profile of this picture needs.";
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  const indexed = outputs.find(({ format, maxColors }) => format === "gif" || maxColors !== undefined);
  if (indexed) {
    const reason = `The edge has no palettes, which ${indexed.name} needs.`;
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  if (probe.animated && outputs.some(({ animated }) => animated) && probe.format !== "png") {
    const reason = "The edge makes stills of what moves.";
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  if (outputs.some(({ linearLight }) => linearLight)) {
    const reason = "Resampling light takes more bits for a channel than the edge resamples with.";
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  if (outputs.some(({ gravity, resizeMode }) => gravity === "face" && resizeMode === "crop")) {
    const reason = "Only containers look for faces.";
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  const slow = outputs.find((output) => isSlowAvif(probe, output));
  if (slow) {
    const limit = `${avifPixels(slow) / 1e6} megapixels`;
    const reason = `AVIF of more than ${limit} takes the edge too long to write.`;
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  if (isSlowPng(probe)) {
    const reason = "A PNG of this kind and so many pixels takes the edge too long to read.";
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  if (outputs.some((output) => isLongSearch(probe, output))) {
    const reason = "Looking for a quality takes several encodes, of more pixels than the edge has time for.";
    return { lane: "container-short", reason, estimatedPeakBytes, notes };
  }
  const peak = `${Math.ceil(estimatedPeakBytes / MIB)} MiB`;
  const isWithin = estimatedPeakBytes <= maxPeakBytes;
  const reason = isWithin
    ? `It fits the edge: ${peak} at most.`
    : `It would take ${peak} at the edge, where ${Math.floor(maxPeakBytes / MIB)} MiB are allowed.`;
  return { lane: isWithin ? "edge" : "container-short", reason, estimatedPeakBytes, notes };
}

/** Largest AVIF that the edge writes, px: some 0.3 s of CPU. */
export const EDGE_AVIF_PIXELS = 500_000;

/** How much less of it is dear: lossless, at the best effort or with all samples of colour. */
const DEAR_AVIF_SHARE = 1 / 4;

function isSlowAvif(probe: ImageProbe, output: ImageOutput): boolean {
  if (output.format !== "avif") return false;
  const { width, height } = frameOutput(probe, output).size;
  return width * height > avifPixels(output);
}

function avifPixels(output: ImageOutput): number {
  return EDGE_AVIF_PIXELS * (isDear(output) ? DEAR_AVIF_SHARE : 1);
}

/** Largest PNG that the edge reads, px: every one of them is inflated, some 1.2 s of CPU. */
const EDGE_PNG_PIXELS = 50_000_000;
/** The same of those that are interlaced, or have twice the bytes. */
const EDGE_DEEP_PNG_PIXELS = 10_000_000;

function isSlowPng({ format, width, height, bitDepth, coding }: ImageProbe): boolean {
  if (format !== "png") return false;
  const isDeep = bitDepth === 16 || coding === "interlaced";
  return width * height > (isDeep ? EDGE_DEEP_PNG_PIXELS : EDGE_PNG_PIXELS);
}

/** Largest picture whose quality the edge looks for, px: up to eight encodes and decodes, some 1.5 s of CPU. */
const EDGE_SEARCH_PIXELS = 1_500_000;

/** The edge does not read AVIF, so what needs looking at is left to a container at any size. */
function isLongSearch(probe: ImageProbe, output: ImageOutput): boolean {
  if (output.qualityTarget === undefined || output.format === "png") return false;
  if (output.format === "avif") return true;
  const { width, height } = frameOutput(probe, output).size;
  return width * height > EDGE_SEARCH_PIXELS;
}

/** Longest side that a file of a format can have, px: libwebp's 14 bits, JPEG's practical limit in libjpeg. */
const MAX_SIDE_PX = { webp: 16_383, jpeg: 65_500, png: 65_535, avif: 16_384, gif: 65_535 } satisfies Record<
  ImageOutput["format"],
  number
>;

/**
 * The framing of an output that its format can hold.
 *
 * @throws MediaError `impossible_output`
 */
export function checkFraming(
  probe: ImageProbe,
  output: ImageOutput,
  maxPixels = DEFAULT_IMAGE_LIMITS.maxPixels,
): Framing {
  const framing = frameOutput(probe, output);
  const { width, height } = framing.size;
  if (Math.max(width, height) <= MAX_SIDE_PX[output.format] && width * height <= maxPixels) return framing;
  throw new MediaError(
    "impossible_output",
    `${output.name} would be ${width}×${height} px, more than a ${output.format} file may be.`,
  );
}

/** What must be seen of the picture before an unsettled output can be framed: nothing of a settled one. */
export function lookSamplings(probe: ImageProbe, output: ImageOutput): Sampling[] {
  if (!isUnsettled(output)) return [];
  const side = output.trimBorder ? BORDER_LOOK_PX : INTEREST_SIDE_PX;
  const upright = orientedSize(probe);
  const part = output.trim ? frameOutput(probe, { ...output, resizeMode: "fit" }).sampling.window : probe;
  const whole = { left: 0, top: 0, width: probe.width, height: probe.height };
  // The finer of both looks, for as much of the picture as the trim leaves.
  const scale = side / Math.max(part.width, part.height);
  const size = shrunkTo(upright, Math.ceil(Math.max(upright.width, upright.height) * Math.min(1, scale)));
  return [{ window: whole, size: storedSize(size, probe.orientation) }];
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
  const framings = outputs.map((output) => ({ output, ...frameOutput(probe, output) }));
  const marks = framings.map(({ output, geometry }) => planLogo(output, geometry.canvas, logos));
  const samplings = framings.flatMap(({ output, sampling }) => [
    isUnsettled(output) ? anywhere(probe, output, sampling) : sampling,
    ...lookSamplings(probe, output),
  ]);
  const learned = learnSampling(
    probe,
    framings.map(({ sampling }) => sampling),
  );
  if (learned) samplings.push(learned);
  const kernels = Math.max(kernelBytes(probe, samplings, inputBytes), ...marks.map((mark) => mark.kernels));
  const dearest = framings.map(
    (framing, index) => outputBytes(framing, framing.output) + (marks[index]?.rest ?? 0),
  );
  return Math.ceil(
    inputBytes + decodeBytes(probe, inputBytes, samplings) + kernels + Math.max(0, ...dearest),
  );
}

/** The dearest that an unsettled output can turn out to be: the crop at any place, and after a trim at any scale. */
function anywhere(probe: ImageProbe, output: ImageOutput, { size }: Sampling): Sampling {
  return {
    window: { left: 0, top: 0, width: probe.width, height: probe.height },
    size: output.trimBorder ? { width: probe.width, height: probe.height } : size,
  };
}
