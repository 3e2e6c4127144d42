import { MediaError } from "../errors.ts";
import type { Wanted } from "./encode.ts";
import { looksFlat } from "./flat-graphics.ts";
import type { ImageFormat, ImageOutput } from "./output.ts";
import type { Pixels } from "./pixels.ts";
import { type Found, type QualityTarget, searchQuality, type Trial } from "./quality-target.ts";
import { ssimOf } from "./ssim.ts";

/** How a lane writes a file and reads it again. */
export interface ImageCodec {
  encode(pixels: Pixels, wanted: Wanted): Promise<Uint8Array<ArrayBuffer>>;
  /** @throws when the lane has no decoder for the format */
  decode(bytes: Uint8Array<ArrayBuffer>, format: ImageFormat): Promise<Pixels>;
}

export interface EncodedOutput {
  bytes: Uint8Array<ArrayBuffer>;
  /** What was decided on the way, one sentence each. */
  notes: string[];
}

type Asked = Wanted & Pick<ImageOutput, "name" | "qualityTarget" | "losslessIfFlat">;

/** Whether anything about the file depends on how its pixels encode, so that it may take several encodes. */
export function isSearched({ qualityTarget, losslessIfFlat }: Asked): boolean {
  return qualityTarget !== undefined || losslessIfFlat === true;
}

interface EncodeOptions {
  /** Called before every encode; what it throws ends the work. */
  checkpoint?: (() => void) | undefined;
  /** Puts into a file what its output keeps of the source's metadata, which counts as bytes of it. */
  carry?: (file: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/**
 * The whole file of a finished picture, as its output asks: at a quality, at the one that a target leads to, or without
 * loss where the picture is flat. Both lanes run this, each with its own codecs.
 *
 * @throws MediaError `encoder_failed`, `max_bytes_unreachable`
 */
export async function encodeOutput(
  pixels: Pixels,
  output: Asked,
  codec: ImageCodec,
  { checkpoint, carry = (file) => file }: EncodeOptions = {},
): Promise<EncodedOutput> {
  const { qualityTarget: target } = output;
  const encode = async (changes: Partial<Wanted>) => {
    checkpoint?.();
    return carry(await codec.encode(pixels, { ...output, ...changes }));
  };
  const flat = output.losslessIfFlat ? await encodeFlat(pixels, output, encode) : undefined;
  if (flat) return { bytes: flat, notes: [`${output.name} is flat graphics: written without loss.`] };
  if (target === undefined) return { bytes: await encode({}), notes: [] };
  const found = await search(pixels, output, target, encode, codec);
  if (!found.isMet && "maxBytes" in target) throw unreachable(output, target.maxBytes, found);
  return { bytes: found.bytes, notes: [noteOn(output, target, found)] };
}

type Encode = (changes: Partial<Wanted>) => Promise<Uint8Array<ArrayBuffer>>;

/** How much larger than the lossy file a lossless one may be: edges and letters are worth a quarter. */
const LOSSLESS_WORTH = 1.25;

/** The lossless file of a picture that is worth it; undefined for all others. */
async function encodeFlat(
  pixels: Pixels,
  { qualityTarget }: Asked,
  encode: Encode,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!looksFlat(pixels)) return undefined;
  const lossless = await encode({ lossless: true });
  if (qualityTarget && "maxBytes" in qualityTarget)
    return lossless.length <= qualityTarget.maxBytes ? lossless : undefined;
  const lossy = await encode({});
  return lossless.length <= lossy.length * LOSSLESS_WORTH ? lossless : undefined;
}

async function search(
  pixels: Pixels,
  output: Asked,
  target: QualityTarget,
  encode: Encode,
  codec: ImageCodec,
): Promise<Found> {
  const attempt = async (quality: number): Promise<Trial> => {
    const bytes = await encode({ quality });
    if (!("ssim" in target)) return { quality, bytes };
    return { quality, bytes, ssim: ssimOf(await codec.decode(bytes, output.format), pixels) };
  };
  if (output.format !== "png") return await searchQuality(target, output.quality, attempt);
  // PNG loses nothing at any quality, so there is one file of it.
  const bytes = await encode({});
  const isMet = "ssim" in target || bytes.length <= target.maxBytes;
  return { quality: 100, bytes, ssim: 1, encodes: 1, isMet };
}

function noteOn({ name, format }: Asked, target: QualityTarget, { quality, ssim, isMet }: Found): string {
  if (format === "png") return `${name} is PNG, which loses nothing: there was no quality to look for.`;
  if (!("ssim" in target)) return `${name} has quality ${quality}, the most for ${target.maxBytes} bytes.`;
  const reached = `quality ${quality} with a similarity of ${(ssim ?? 0).toFixed(4)}`;
  return isMet
    ? `${name} has ${reached}.`
    : `${name} has ${reached}: ${format} does not come nearer to ${target.ssim} with this picture.`;
}

function unreachable(
  { name, format }: Asked,
  maxBytes: number,
  { quality, bytes, encodes }: Found,
): MediaError {
  const least = encodes === 1 ? "its only file" : `quality ${quality}`;
  return new MediaError(
    "max_bytes_unreachable",
    `${name} would have ${bytes.length} bytes as ${format} at ${least}, and ${maxBytes} are allowed.`,
  );
}
