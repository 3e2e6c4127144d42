import { readFile, writeFile } from "node:fs/promises";
import sharp, { type Metadata, type Sharp } from "sharp";
import { MediaError } from "../../src/errors.ts";
import { type Carried, carriedOf } from "../../src/image/carry-metadata.ts";
import { encodeOutput, isSearched } from "../../src/image/encode-output.ts";
import { finishPixels } from "../../src/image/finish.ts";
import { type Framing, frameOutput } from "../../src/image/framing.ts";
import type { Rectangle, Size } from "../../src/image/geometry.ts";
import { writeMetadata } from "../../src/image/metadata/write-metadata.ts";
import { orientPixels, storedSize, storedWindow } from "../../src/image/orient.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { Orientation } from "../../src/image/probe.ts";
import { salvageNote } from "../../src/image/salvage.ts";
import { settleOutput } from "../../src/image/settle.ts";
import { findFaces } from "./face-detector.ts";
import type { LogoFiles } from "./get-logos.ts";
import { encode, LIBVIPS_CODEC } from "./libvips-codec.ts";
import { colorModelOf, metadataOf } from "./metadata-of.ts";
import { pixelsOf } from "./pixels-of.ts";
import { isAnimation, renderAnimation } from "./render-animation.ts";
import { OPEN_WHOLE, type Opening } from "./salvage.ts";
import { type Kernel, kernelOf, type SourceFile, scaled } from "./scale-image.ts";
import { scaledLogo } from "./scaled-logo.ts";

/**
 * Makes one image file: libvips decodes, stands it upright, cuts and scales; the steps after that are those of the edge
 * (`finish.ts`), so that both lanes make the same picture, with the metadata that the output keeps.
 *
 * @param opening how the input is opened, when it may be cut short
 * @returns its size, px, as read back from the file, and what its maker may want to know
 * @throws {MediaError} `invalid_result` when the file does not have the planned size; `unusable_logo`; what libvips throws otherwise
 */
export async function renderImage(
  input: string,
  asked: ImageOutput,
  file: string,
  logos: LogoFiles = {},
  opening: Opening = OPEN_WHOLE,
): Promise<{ width: number; height: number; notes: string[] }> {
  const made = await renderOpened(input, asked, file, logos, opening);
  const { cutShort } = opening;
  return cutShort === undefined
    ? made
    : { ...made, notes: [...made.notes, salvageNote(asked.name, cutShort)] };
}

async function renderOpened(
  input: string,
  asked: ImageOutput,
  file: string,
  logos: LogoFiles,
  opening: Opening,
): Promise<{ width: number; height: number; notes: string[] }> {
  const metadata = await sharp(input, opening.options).metadata();
  const source: SourceFile = { file: input, metadata, opening };
  const upright = metadata.autoOrient;
  const look = async (window: Rectangle, size: Size) =>
    await pixelsOf(scaled(source, window, size, { kernel: "lanczos3", color: "srgb" }));
  const output = await settleOutput(upright, asked, look, findFaces);
  const framing = frameOutput({ ...upright, orientation: 1 }, output);
  const { window, size } = framing.sampling;
  const kernel = kernelOf(output, window, size);
  const moves = isAnimation(output, metadata, framing.size);
  // The frames of an animation come in sRGB.
  const carried = carriedOf(
    moves ? { ...output, colorProfile: "srgb" } : output,
    metadataOf(metadata),
    { colorModel: colorModelOf(metadata) },
    framing.size,
  );
  if (moves) {
    const finishFrame = async (stored: Pixels) =>
      await finishPicture(await scaledFrame(stored, metadata, framing, kernel), output, framing, logos);
    await renderAnimation(input, opening, output, metadata, finishFrame, file);
    return { ...(await concluded(file, framing, output, carried)), notes: notesOnAnimation(output) };
  }
  const { linearLight } = output;
  const image = scaled(source, window, size, { kernel, color: carried.color, linearLight });
  if (isSearched(output)) {
    const pixels = await finishPicture(await pixelsOf(image), output, framing, logos);
    const notes = [...carried.notes, ...(await writeSearched(pixels, output, carried, file))];
    return { ...(await verified(file, framing, output)), notes };
  }
  const finished = isPlain(output, framing)
    ? flattened(image, output)
    : await finish(image, output, framing, logos);
  await encode(finished, output).toFile(file);
  const notes = [...carried.notes, ...notesOnStill(output, metadata)];
  return { ...(await concluded(file, framing, output, carried)), notes };
}

/** The file whose quality or form its pixels decide. */
async function writeSearched(
  pixels: Pixels,
  output: ImageOutput,
  { metadata }: Carried,
  file: string,
): Promise<string[]> {
  const carry = (encoded: Uint8Array<ArrayBuffer>) => writeMetadata(encoded, output.format, metadata);
  const { bytes, notes } = await encodeOutput(pixels, output, LIBVIPS_CODEC, { carry });
  await writeFile(file, bytes);
  return notes;
}

function notesOnStill({ name, format, animated }: ImageOutput, { pages = 1 }: Metadata): string[] {
  const mightMove = animated === true && (format === "webp" || format === "gif");
  return mightMove && pages > 1
    ? [`${name} is a still: its source has more frames, or larger ones, than are animated.`]
    : [];
}

function notesOnAnimation(output: ImageOutput): string[] {
  return isSearched(output)
    ? [`${output.name} moves: it has quality ${output.quality}, as only stills are searched for a target.`]
    : [];
}

/** A frame of an animation as {@link scaled} makes a still: cut and scaled as it is stored, then stood upright. */
async function scaledFrame(
  { data, width, height }: Pixels,
  source: Metadata,
  { sampling }: Framing,
  kernel: Kernel,
): Promise<Pixels> {
  const orientation = (source.orientation ?? 1) as Orientation;
  const size = storedSize(sampling.size, orientation);
  const frame = sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false })
    .extract(storedWindow(sampling.window, { width, height }, orientation))
    .resize(size.width, size.height, { fit: "fill", kernel });
  return orientPixels(await pixelsOf(frame), orientation);
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
  const { data, width, height } = await finishPicture(await pixelsOf(image), output, framing, logos);
  const made = sharp(Buffer.from(data.buffer), { raw: { width, height, channels: 4 } });
  return output.format === "jpeg" ? made.removeAlpha() : made;
}

async function finishPicture(
  pixels: Pixels,
  output: ImageOutput,
  framing: Framing,
  logos: LogoFiles,
): Promise<Pixels> {
  const logo = await scaledLogo(framing.geometry.canvas, output.watermark, logos);
  return finishPixels(pixels, output, framing, { logo });
}

/** Writes what the output keeps of the source's metadata into the file, and checks what has become of it. */
async function concluded(
  file: string,
  framing: Framing,
  output: ImageOutput,
  { metadata }: Carried,
): Promise<Size> {
  if (Object.keys(metadata).length > 0) {
    const encoded = new Uint8Array(await readFile(file));
    await writeFile(file, writeMetadata(encoded, output.format, metadata));
  }
  return await verified(file, framing, output);
}

async function verified(file: string, { size }: Framing, { format }: ImageOutput): Promise<Size> {
  const made = await sharp(file).metadata();
  // libvips names the container, not the codec in it.
  const expected = format === "avif" ? "heif" : format;
  if (made.width === size.width && made.height === size.height && made.format === expected) return size;
  throw new MediaError("invalid_result", `The image came out as ${made.width}×${made.height} px.`);
}
