import type { ImageAnalysis } from "./analysis.ts";
import { analyzePixels } from "./analyze.ts";
import { type Carried, carriedOf, carriesAny } from "./carry-metadata.ts";
import { type ImageSource, openImage, type SampledColor } from "./decode.ts";
import { demandOf, type Sampling } from "./demand.ts";
import { EDGE_CODEC } from "./edge-codec.ts";
import { encodeOutput } from "./encode-output.ts";
import { finishPixels } from "./finish.ts";
import type { Framing } from "./framing.ts";
import { learnSampling } from "./learn.ts";
import { type Logos, placedLogo } from "./logo.ts";
import { readMetadata } from "./metadata/source-metadata.ts";
import { writeMetadata } from "./metadata/write-metadata.ts";
import { orientPixels, storedSize, storedWindow } from "./orient.ts";
import { IMAGE_MIME, type ImageFormat, type ImageOutput } from "./output.ts";
import type { Pixels } from "./pixels.ts";
import { checkFraming, lookSamplings } from "./plan.ts";
import { type ImageProbe, orientedSize } from "./probe.ts";
import { isUnsettled, type Look, settleOutput } from "./settle.ts";
import { verifyImage } from "./verify.ts";

/** One finished file, in memory. */
export interface RenderedImage {
  name: string;
  format: ImageFormat;
  /** MIME type */
  type: string;
  /** px */
  width: number;
  height: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** What its maker may want to know, one sentence each. */
  notes: string[];
}

export type ImageStage = "decode" | "resize" | "encode";

export interface RenderOptions {
  /** Called between steps; what it throws (a deadline, a cancellation) ends the work there. */
  checkpoint?: () => void;
  /** Told when a step begins, with the fraction of the whole work that is done by then, 0–1. */
  onStage?: (stage: ImageStage, fraction: number) => void | Promise<void>;
  /** The logos that outputs are marked with. */
  logos?: Logos;
  /**
   * Told what a small copy of the picture says, from the same decode. Not called where the outputs need too little of
   * the picture for that (`learn.ts`).
   */
  onAnalysis?: (analysis: ImageAnalysis) => void;
}

const NO_LOGOS: Logos = new Map();

/** Share of the work that decoding is; the outputs divide the rest evenly. */
const DECODE_SHARE = 0.4;

/**
 * Makes every output from one decode of `input`: open, settle what only the pixels say, and for each output resample,
 * finish (`finish.ts` lists those steps), encode, verify. Nothing of the input's metadata is written but
 * what an output keeps by name.
 *
 * Peak memory is what `planImage` estimated; hold a turn (`withTurn`) while this runs.
 *
 * @param input the whole file
 * @param probe what `probeImage` said of it
 * @returns one image for each output, in their order
 * @throws MediaError `corrupt_image` when the input is damaged or cut short, `unsupported_image` when this lane has
 *   no decoder for it, `impossible_output` when what a trim leaves cannot be made as asked, `unusable_logo`, `invalid_result` when an
 *   encoder answered with something else than was asked for
 */
export async function renderImage(
  input: Uint8Array,
  probe: ImageProbe,
  outputs: ImageOutput[],
  options: RenderOptions = {},
): Promise<RenderedImage[]> {
  options.checkpoint?.();
  await options.onStage?.("decode", 0);
  const { source, framed, learned } = await openFor(input, probe, outputs, options.onAnalysis !== undefined);
  const metadata = outputs.some(carriesAny) ? readMetadata(input, probe.format) : {};
  const rendered: RenderedImage[] = [];
  for (const [index, { output, framing }] of framed.entries()) {
    const share = (1 - DECODE_SHARE) / outputs.length;
    const fraction = DECODE_SHARE + index * share;
    options.checkpoint?.();
    await options.onStage?.("resize", fraction);
    const carried = carriedOf(output, metadata, probe, framing.size);
    const resampled = await resample(source, output, framing, carried.color);
    const logo = await placedLogo(output.watermark, framing.geometry.canvas, options.logos ?? NO_LOGOS);
    const finished = finishPixels(resampled, output, framing, { logo, checkpoint: options.checkpoint });
    options.checkpoint?.();
    await options.onStage?.("encode", fraction + share / 2);
    rendered.push(await writeOutput(finished, output, carried, options.checkpoint));
  }
  if (learned) options.onAnalysis?.(await analyzeSource(source, learned, probe));
  return rendered;
}

interface Framed {
  output: ImageOutput;
  framing: Framing;
}

interface Opened {
  source: ImageSource;
  framed: Framed[];
  /** How the source is resampled to be analysed, when it is to be. */
  learned: Sampling | undefined;
}

/** Opens the picture for what its outputs demand, which for some of them is known only after a look at it. */
async function openFor(
  input: Uint8Array,
  probe: ImageProbe,
  outputs: ImageOutput[],
  isLearning: boolean,
): Promise<Opened> {
  const frame = (output: ImageOutput) => ({ output, framing: checkFraming(probe, output) });
  const open = async (samplings: Sampling[]) => await openImage(input, probe, demandOf(probe, samplings));
  const openFramed = async (framed: Framed[], opened?: ImageSource): Promise<Opened> => {
    const samplings = framed.map(({ framing }) => framing.sampling);
    const learned = isLearning ? learnSampling(probe, samplings) : undefined;
    return { source: opened ?? (await open(learned ? [...samplings, learned] : samplings)), framed, learned };
  };
  if (!outputs.some(isUnsettled)) return await openFramed(outputs.map(frame));
  const looking = await open(outputs.flatMap((output) => lookSamplings(probe, output)));
  const settled: ImageOutput[] = [];
  for (const output of outputs)
    settled.push(
      await settleOutput(orientedSize(probe), output, lookAt(looking, probe, output.colorProfile)),
    );
  // A JPEG was decoded just large enough to look at; of other formats every pixel is there already.
  return await openFramed(settled.map(frame), probe.format === "jpeg" ? undefined : looking);
}

async function analyzeSource(
  source: ImageSource,
  { window, size }: Sampling,
  { orientation, profileKind }: ImageProbe,
): Promise<ImageAnalysis> {
  // What this lane cannot convert it came to make as it is stored.
  const color = profileKind === "lut" ? "keep" : "srgb";
  return analyzePixels(orientPixels(await source.resample(window, size, undefined, color), orientation));
}

/** Looks at the upright picture through the stored one. */
function lookAt(source: ImageSource, probe: ImageProbe, color: SampledColor | undefined): Look {
  const { orientation } = probe;
  return async (window, size) => {
    const stored = storedWindow(window, probe, orientation);
    const pixels = await source.resample(stored, storedSize(size, orientation), undefined, color);
    return orientPixels(pixels, orientation);
  };
}

async function resample(
  source: ImageSource,
  output: ImageOutput,
  { sampling }: Framing,
  color: SampledColor,
): Promise<Pixels> {
  const { interpolation = "auto" } = output;
  const filter = interpolation === "auto" ? undefined : interpolation;
  return await source.resample(sampling.window, sampling.size, filter, color);
}

async function writeOutput(
  pixels: Pixels,
  output: ImageOutput,
  { metadata, notes: carriedNotes }: Carried,
  checkpoint?: () => void,
): Promise<RenderedImage> {
  const carry = (file: Uint8Array<ArrayBuffer>) => writeMetadata(file, output.format, metadata);
  const encoded = await encodeOutput(pixels, output, EDGE_CODEC, { checkpoint, carry });
  const { width, height } = pixels;
  const { name, format } = output;
  const { bytes } = encoded;
  const notes = [...carriedNotes, ...encoded.notes];
  verifyImage(bytes, { width, height, format });
  return { name, format, type: IMAGE_MIME[format], width, height, bytes, notes };
}
