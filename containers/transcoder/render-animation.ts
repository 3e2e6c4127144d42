import sharp, { type Metadata } from "sharp";
import type { Size } from "../../src/image/geometry.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { decodeFrames } from "./decode-frames.ts";
import { encode } from "./libvips-codec.ts";
import type { Opening } from "./salvage.ts";

/** Longer animations are stills of their first frame. */
const MAX_FRAMES = 300;
/** All frames together, px as decoded and as made: what keeps an animation within a minute and 200 MB. */
const MAX_DECODED_PIXELS = 500_000_000;
const MAX_MADE_PIXELS = 50_000_000;

/** Whether an output moves: it may, its source does, and all of its frames together are not too much. */
export function isAnimation(output: ImageOutput, source: Metadata, size: Size): boolean {
  const frames = source.pages ?? 1;
  const decoded = frames * source.width * source.height;
  return (
    output.animated === true &&
    (output.format === "webp" || output.format === "gif") &&
    frames > 1 &&
    frames <= MAX_FRAMES &&
    decoded <= MAX_DECODED_PIXELS &&
    frames * size.width * size.height <= MAX_MADE_PIXELS
  );
}

/**
 * Makes an animated WebP or GIF frame by frame, each through the same steps as a still, with the delays of its source.
 *
 * @param finish makes a finished frame of one as it is stored
 */
export async function renderAnimation(
  input: string,
  { options: { failOn } }: Opening,
  output: ImageOutput,
  source: Metadata,
  finish: (stored: Pixels) => Promise<Pixels>,
  file: string,
): Promise<void> {
  const frames: Pixels[] = [];
  const { width: storedWidth, height: storedHeight, pages = 1 } = source;
  const stored = { width: storedWidth, height: source.pageHeight ?? storedHeight };
  for await (const frame of decodeFrames(input, stored, pages, failOn)) frames.push(await finish(frame));
  const { width = 0, height = 0 } = frames[0] ?? {};
  const stacked = Buffer.concat(frames.map(({ data }) => Buffer.from(data.buffer)));
  const raw = { width, height: height * frames.length, channels: 4, pageHeight: height } as const;
  const { delay, loop } = source;
  const made = encode(sharp(stacked, { raw, limitInputPixels: MAX_MADE_PIXELS }), output);
  await (output.format === "gif" ? made.gif({ delay, loop }) : made.webp({ delay, loop })).toFile(file);
}
