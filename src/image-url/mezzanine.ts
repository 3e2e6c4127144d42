import { frameOutput } from "../image/framing.ts";
import type { Size } from "../image/geometry.ts";
import type { ImageOutput } from "../image/output.ts";
import { planImage } from "../image/plan.ts";
import type { LogoHeaders } from "../image/plan-logo.ts";
import { type ImageProbe, orientedSize } from "../image/probe.ts";
import { toImageOutput } from "./to-output.ts";

/**
 * A copy of an original that the edge cannot hold, made once by a container in a form that the edge reads well: upright,
 * sRGB, without metadata. All further derivatives are made from it, at the edge.
 *
 * It is a JPEG of high quality with all of its colour samples, or a PNG where there may be transparency: our kernels read
 * both a few rows at a time. A WebP of the same size without loss would take 170 MB to open, which no isolate has.
 */
export interface Mezzanine {
  output: ImageOutput;
  /** What its header will say. */
  probe: ImageProbe;
}

/** Its longest side: as long as any image by URL may be, px. */
const SIDE_PX = 4096;
const QUALITY = 95;
/** What most URLs ask for, px. */
const USUAL_WIDTH_PX = 1200;
/** More than its file takes, bytes a px. */
const JPEG_BYTES_PER_PIXEL = 1.2;
const PNG_BYTES_PER_PIXEL = 2.5;

export function mezzanineOf(source: ImageProbe): Mezzanine {
  const { hasAlpha } = source;
  const format = hasAlpha ? "png" : "jpeg";
  const output: ImageOutput = {
    name: "mezzanine",
    format,
    width: SIDE_PX,
    height: SIDE_PX,
    resizeMode: "fit",
    allowEnlarge: false,
    position: { x: 0.5, y: 0.5 },
    background: [255, 255, 255, 255],
    quality: QUALITY,
    progressive: false,
    // Somebody waits for it: less than half the CPU, for a file a tenth larger.
    effort: "fast",
  };
  const { width, height } = frameOutput(source, output).size;
  const probe: ImageProbe = {
    format,
    width,
    height,
    orientation: 1,
    hasAlpha,
    bitDepth: 8,
    components: hasAlpha ? 4 : 3,
    colorModel: hasAlpha ? "rgb" : "ycbcr",
    coding: hasAlpha ? "plain" : "baseline",
    animated: false,
    frames: 1,
    hasIccProfile: false,
  };
  return { output, probe };
}

/**
 * An output as it is to be made from the mezzanine, so that it comes out as from the original; undefined when it has to
 * be made from that: because it moves, keeps metadata, shows more than the mezzanine has, or because it would need a
 * container all the same.
 */
export function throughMezzanine(
  source: ImageProbe,
  mezzanine: Mezzanine,
  output: ImageOutput,
  logos: LogoHeaders,
): ImageOutput | undefined {
  if ((output.animated && source.animated) || output.metadata !== undefined) return undefined;
  const adapted = isSmaller(mezzanine.probe, source) ? atItsScale(source, mezzanine, output) : output;
  if (adapted === undefined) return undefined;
  const { lane } = planImage(mezzanine.probe, [adapted], { inputBytes: mostBytes(mezzanine), logos });
  return lane === "edge" ? adapted : undefined;
}

/** Whether what most URLs ask of an original is made from its mezzanine, as the edge cannot read it by itself. */
export function wantsMezzanine(source: ImageProbe, inputBytes: number): boolean {
  if (source.cutShort !== undefined) return false;
  const usual = toImageOutput({ width: USUAL_WIDTH_PX }, "webp");
  if (planImage(source, [usual], { inputBytes }).lane === "edge") return false;
  return throughMezzanine(source, mezzanineOf(source), usual, new Map()) !== undefined;
}

function isSmaller({ width }: Size, source: ImageProbe): boolean {
  return width < orientedSize(source).width;
}

/** The same result from a smaller picture: what is given in px of the source cannot be, nor what needs all of them. */
function atItsScale(source: ImageProbe, { probe }: Mezzanine, output: ImageOutput): ImageOutput | undefined {
  if (output.trim || output.trimBorder || output.neverShrink) return undefined;
  const { sampling, geometry } = frameOutput(source, output);
  const scale = Math.max(
    sampling.size.width / sampling.window.width,
    sampling.size.height / sampling.window.height,
  );
  // A px for the rounding of sides.
  if (scale * orientedSize(source).width > probe.width + 1) return undefined;
  if (output.resizeMode === "pad") return output;
  const { width, height } = geometry.resized;
  const resizeMode = output.resizeMode === "crop" ? "crop" : "stretch";
  return { ...output, width, height, resizeMode, allowEnlarge: true, keepBoxRatio: undefined };
}

function mostBytes({ probe }: Mezzanine): number {
  const each = probe.format === "png" ? PNG_BYTES_PER_PIXEL : JPEG_BYTES_PER_PIXEL;
  return probe.width * probe.height * each;
}
