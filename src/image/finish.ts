import { adjustPixels } from "./adjust.ts";
import { blurPixels } from "./blur.ts";
import { drawLogo } from "./draw-logo.ts";
import { flattenPixels } from "./flatten.ts";
import type { Framing } from "./framing.ts";
import type { PlacedLogo } from "./logo.ts";
import { orientPixels } from "./orient.ts";
import type { ImageOutput } from "./output.ts";
import { padPixels } from "./pad.ts";
import type { Pixels } from "./pixels.ts";
import { sharpenPixels } from "./sharpen.ts";
import { underlayPixels } from "./underlay.ts";

/** One step: the picture as it is after it, or the very same picture when the output does not ask for it. */
type Step = (pixels: Pixels, output: ImageOutput, framing: Framing, logo: PlacedLogo | undefined) => Pixels;

/**
 * Everything between resampling and the encoder, in order. Both lanes run this list, so that an output is the same
 * picture wherever it is made. Colour comes before what is added to the picture: a border is the colour that was asked
 * for, whatever the brightness. A watermark lies on the picture and its padding, inside the border.
 */
const STEPS: readonly Step[] = [
  (pixels, _, { orientation }) => orientPixels(pixels, orientation),
  (pixels, { adjust }) => (adjust ? adjustPixels(pixels, adjust) : pixels),
  (pixels, { blur }) => (blur ? blurPixels(pixels, blur) : pixels),
  (pixels, { sharpen }) => (sharpen ? sharpenPixels(pixels, sharpen) : pixels),
  (pixels, { underlay, background }) => (underlay ? underlayPixels(pixels, background) : pixels),
  (pixels, { background }, { geometry }) => padPixels(pixels, geometry.canvas, background),
  (pixels, { watermark }, _, logo) =>
    watermark && logo ? drawLogo(pixels, logo.pixels, logo.placement, watermark) : pixels,
  (pixels, { border }, { geometry, size }) =>
    border ? padPixels(pixels, borderCanvas(geometry.canvas, border, size), border.color) : pixels,
  (pixels, { format, background }) => (format === "jpeg" ? flattenPixels(pixels, background) : pixels),
];

/**
 * Turns a resampled window into the picture that is encoded. The input is left as it is.
 *
 * `checkpoint` is called between steps; what it throws ends the work.
 */
export function finishPixels(
  resampled: Pixels,
  output: ImageOutput,
  framing: Framing,
  { logo, checkpoint }: { logo?: PlacedLogo; checkpoint?: () => void } = {},
): Pixels {
  return STEPS.reduce((pixels, step) => {
    checkpoint?.();
    return step(pixels, output, framing, logo);
  }, resampled);
}

function borderCanvas(
  canvas: { width: number; height: number },
  border: NonNullable<ImageOutput["border"]>,
  size: { width: number; height: number },
) {
  return size.width === canvas.width && size.height === canvas.height
    ? { left: 0, top: 0, ...canvas }
    : { left: border.left, top: border.top, ...size };
}
