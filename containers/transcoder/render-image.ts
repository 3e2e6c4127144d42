import { open, readFile, writeFile } from "node:fs/promises";
import sharp, { type Sharp } from "sharp";
import { MediaError } from "../../src/errors.ts";
import { carryExif, EXIF_SEARCH_BYTES } from "../../src/image/carry-exif.ts";
import { encodeOutput, isSearched } from "../../src/image/encode-output.ts";
import { finishPixels } from "../../src/image/finish.ts";
import { type Framing, frameOutput } from "../../src/image/framing.ts";
import type { Rectangle, Size } from "../../src/image/geometry.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { settleOutput } from "../../src/image/settle.ts";
import type { LogoFiles } from "./get-logos.ts";
import { INPUT_OPTIONS } from "./input-options.ts";
import { encode, LIBVIPS_CODEC } from "./libvips-codec.ts";
import { pixelsOf } from "./pixels-of.ts";
import { isAnimation, renderAnimation } from "./render-animation.ts";
import { scaledLogo } from "./scaled-logo.ts";

/**
 * Makes one image file: libvips decodes, stands it upright, cuts and scales; the steps after that are those of the edge
 * (`finish.ts`), so that both lanes make the same picture. In sRGB, without any metadata.
 *
 * @returns its size, px, as read back from the file, and what its maker may want to know
 * @throws {MediaError} `invalid_result` when the file does not have the planned size; `unusable_logo`; what libvips throws otherwise
 */
export async function renderImage(
  input: string,
  asked: ImageOutput,
  file: string,
  logos: LogoFiles = {},
): Promise<{ width: number; height: number; notes: string[] }> {
  const source = await sharp(input, INPUT_OPTIONS).metadata();
  const upright = source.autoOrient;
  const look = async (window: Rectangle, size: Size) =>
    await pixelsOf(scaled(input, window, size, "lanczos3"));
  const output = await settleOutput(upright, asked, look);
  const framing = frameOutput({ ...upright, orientation: 1 }, output);
  const { window, size } = framing.sampling;
  const kernel = kernelOf(output, window, size);
  if (isAnimation(output, source, framing.size)) {
    const frame = async (page: number) =>
      await finishedPixels(scaled(input, window, size, kernel, page), output, framing, logos);
    await renderAnimation(output, source, frame, file);
    return { ...(await verified(file, framing, output)), notes: notesOnAnimation(output) };
  }
  const image = scaled(input, window, size, kernel);
  const notes = isSearched(output)
    ? await writeSearched(await finishedPixels(image, output, framing, logos), output, file)
    : await write(image, output, framing, logos, file);
  if (output.exif !== undefined && output.format === "jpeg") await keepExif(input, file, output.exif);
  return { ...(await verified(file, framing, output)), notes };
}

async function write(
  image: Sharp,
  output: ImageOutput,
  framing: Framing,
  logos: LogoFiles,
  file: string,
): Promise<string[]> {
  const finished = isPlain(output, framing)
    ? flattened(image, output)
    : await finish(image, output, framing, logos);
  await encode(finished, output).toFile(file);
  return [];
}

/** The file whose quality or form its pixels decide. */
async function writeSearched(pixels: Pixels, output: ImageOutput, file: string): Promise<string[]> {
  const { bytes, notes } = await encodeOutput(pixels, output, LIBVIPS_CODEC);
  await writeFile(file, bytes);
  return notes;
}

function notesOnAnimation(output: ImageOutput): string[] {
  return isSearched(output)
    ? [`${output.name} moves: it has quality ${output.quality}, as only stills are searched for a target.`]
    : [];
}

/** @param page the frame of an animation, from 0 */
function scaled(
  input: string,
  window: Rectangle,
  size: Size,
  kernel: keyof typeof sharp.kernel,
  page = 0,
): Sharp {
  return sharp(input, page === 0 ? INPUT_OPTIONS : { ...INPUT_OPTIONS, page })
    .autoOrient()
    .extract(window)
    .resize(size.width, size.height, { fit: "fill", kernel })
    .toColorspace("srgb");
}

/** The kernel of libvips that comes closest to what the edge uses. */
const KERNELS = {
  nearest: "nearest",
  bilinear: "linear",
  bicubic: "cubic",
  mitchell: "mitchell",
  lanczos2: "lanczos2",
  lanczos3: "lanczos3",
} as const;

function kernelOf({ interpolation = "auto" }: ImageOutput, window: Size, size: Size) {
  if (interpolation !== "auto") return KERNELS[interpolation];
  return size.width > window.width && size.height > window.height ? "mitchell" : "lanczos3";
}

/** Nothing is left to do after scaling, so the pixels need not be held in memory as a whole. */
function isPlain(output: ImageOutput, framing: Framing): boolean {
  const { adjust, blur, sharpen, underlay, border, watermark } = output;
  const { canvas, resized } = framing.geometry;
  const isPadded = canvas.width !== resized.width || canvas.height !== resized.height;
  return (
    framing.orientation === 1 && !isPadded && !(adjust || blur || sharpen || underlay || border || watermark)
  );
}

function flattened(image: Sharp, { format, background: [r, g, b] }: ImageOutput): Sharp {
  return format === "jpeg" ? image.flatten({ background: { r, g, b } }) : image;
}

async function finish(image: Sharp, output: ImageOutput, framing: Framing, logos: LogoFiles): Promise<Sharp> {
  const { data, width, height } = await finishedPixels(image, output, framing, logos);
  const made = sharp(Buffer.from(data.buffer), { raw: { width, height, channels: 4 } });
  return output.format === "jpeg" ? made.removeAlpha() : made;
}

async function finishedPixels(
  image: Sharp,
  output: ImageOutput,
  framing: Framing,
  logos: LogoFiles,
): Promise<Pixels> {
  const logo = await scaledLogo(framing.geometry.canvas, output.watermark, logos);
  return finishPixels(await pixelsOf(image), output, framing, { logo });
}

async function keepExif(input: string, file: string, kept: NonNullable<ImageOutput["exif"]>): Promise<void> {
  const source = await open(input);
  try {
    const { buffer, bytesRead } = await source.read(
      new Uint8Array(EXIF_SEARCH_BYTES),
      0,
      EXIF_SEARCH_BYTES,
      0,
    );
    const jpeg = new Uint8Array(await readFile(file));
    await writeFile(file, carryExif(jpeg, buffer.subarray(0, bytesRead), kept));
  } finally {
    await source.close();
  }
}

async function verified(file: string, { size }: Framing, { format }: ImageOutput): Promise<Size> {
  const made = await sharp(file).metadata();
  // libvips names the container, not the codec in it.
  const expected = format === "avif" ? "heif" : format;
  if (made.width === size.width && made.height === size.height && made.format === expected) return size;
  throw new MediaError("invalid_result", `The image came out as ${made.width}×${made.height} px.`);
}
