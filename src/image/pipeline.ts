import { type ImageSource, openImage } from "./decode.ts";
import { demandOf, samplingOf } from "./demand.ts";
import { encodeImage } from "./encode.ts";
import { flattenPixels } from "./flatten.ts";
import { type Geometry, planGeometry } from "./geometry.ts";
import { type Logos, markPixels } from "./logo.ts";
import { orientPixels } from "./orient.ts";
import { IMAGE_MIME, type ImageFormat, type ImageOutput } from "./output.ts";
import { padPixels } from "./pad.ts";
import type { Pixels } from "./pixels.ts";
import { type ImageProbe, orientedSize } from "./probe.ts";
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
}

export type ImageStage = "decode" | "resize" | "encode";

export interface RenderOptions {
  /** Called between steps; what it throws (a deadline, a cancellation) ends the work there. */
  checkpoint?: () => void;
  /** Told when a step begins, with the fraction of the whole work that is done by then, 0–1. */
  onStage?: (stage: ImageStage, fraction: number) => void | Promise<void>;
  /** The logos that outputs are marked with. */
  logos?: Logos;
}

const NO_LOGOS: Logos = new Map();

/** Share of the work that decoding is; the outputs divide the rest evenly. */
const DECODE_SHARE = 0.4;

/**
 * Makes every output from one decode of `input`. Nothing of the input's metadata is written.
 *
 * Peak memory is what `planImage` estimated; hold a turn (`withTurn`) while this runs.
 *
 * @param input the whole file
 * @param probe what `probeImage` said of it
 * @returns one image for each output, in their order
 * @throws MediaError `corrupt_image` when the input is damaged or cut short, `unsupported_image` when this lane has
 *   no decoder for it, `unusable_logo`, `invalid_result` when an encoder answered with something else than was asked for
 */
export async function renderImage(
  input: Uint8Array,
  probe: ImageProbe,
  outputs: ImageOutput[],
  options: RenderOptions = {},
): Promise<RenderedImage[]> {
  options.checkpoint?.();
  await options.onStage?.("decode", 0);
  const samplings = outputs.map((output) => samplingOf(planGeometry(orientedSize(probe), output), probe));
  const source = await openImage(input, probe, demandOf(probe, samplings));
  const rendered: RenderedImage[] = [];
  for (const [index, output] of outputs.entries()) {
    const share = (1 - DECODE_SHARE) / outputs.length;
    const fraction = DECODE_SHARE + index * share;
    options.checkpoint?.();
    await options.onStage?.("resize", fraction);
    const geometry = planGeometry(orientedSize(probe), output);
    const composed = await composePixels(source, probe, geometry, output, options.logos ?? NO_LOGOS);
    options.checkpoint?.();
    await options.onStage?.("encode", fraction + share / 2);
    rendered.push(await encodeOutput(composed, output));
  }
  return rendered;
}

/**
 * The steps between the decoder and the encoder, in their order. The picture is upright from the plan on, but its
 * pixels are turned only once they are few.
 */
async function composePixels(
  source: ImageSource,
  probe: ImageProbe,
  geometry: Geometry,
  output: ImageOutput,
  logos: Logos,
): Promise<Pixels> {
  const { window, size } = samplingOf(geometry, probe);
  const resized = await source.resample(window, size);
  const upright = orientPixels(resized, probe.orientation);
  const padded = padPixels(upright, geometry.canvas, output.background);
  const marked = await markPixels(padded, output.watermark, logos);
  return output.format === "jpeg" ? flattenPixels(marked, output.background) : marked;
}

async function encodeOutput(pixels: Pixels, output: ImageOutput): Promise<RenderedImage> {
  const bytes = await encodeImage(pixels, output);
  const { width, height } = pixels;
  verifyImage(bytes, { width, height, format: output.format });
  return { name: output.name, format: output.format, type: IMAGE_MIME[output.format], width, height, bytes };
}
