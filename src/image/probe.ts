import { MediaError } from "../errors.ts";
import type { Size } from "./geometry.ts";
import { type ProfileKind, readProfile } from "./icc/profile.ts";
import { readMetadata } from "./metadata/source-metadata.ts";
import { probeBmp } from "./probe/bmp.ts";
import { detectImageFormat, type SourceFormat } from "./probe/detect.ts";
import { probeGif } from "./probe/gif.ts";
import { Head, MAX_HEAD_BYTES, ShortHead } from "./probe/head.ts";
import { probeHeif } from "./probe/heif.ts";
import { probeJpeg } from "./probe/jpeg.ts";
import { probePng } from "./probe/png.ts";
import { probeSvg } from "./probe/svg.ts";
import { probeTiff } from "./probe/tiff.ts";
import { probeWebp } from "./probe/webp.ts";

/** The eight ways a camera can have been held, EXIF tag 0x0112. 1 is upright; 5–8 swap width and height. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Samples of a component for those of the others: 2 and 2 of luma to 1 and 1 of colour is 4:2:0. */
export interface SamplingFactors {
  horizontal: number;
  vertical: number;
}

/** What the header of an image says, before any pixel is touched. */
export interface ImageProbe {
  format: SourceFormat;
  /** Size as stored, before {@link orientation}, px. */
  width: number;
  height: number;
  orientation: Orientation;
  /** There may be transparent pixels (an alpha channel, or a colour marked as transparent). */
  hasAlpha: boolean;
  /** Bits of one sample as stored: 1, 2, 4, 8, 10, 12 or 16. */
  bitDepth: number;
  /** Samples of one pixel as stored: 1 gray or palette index, 2 gray and alpha, 3 colour, 4 colour and alpha or CMYK. */
  components: number;
  colorModel: "grayscale" | "rgb" | "ycbcr" | "palette" | "cmyk" | "ycck";
  /** How the samples are packed, where a decoder's choice or cost depends on it. */
  coding: "baseline" | "progressive" | "arithmetic" | "lossless" | "lossy" | "interlaced" | "plain";
  /** JPEG: how finely each component is sampled. */
  samplingFactors?: SamplingFactors[];
  animated: boolean;
  /** Frames, where the header says; 1 for a still. */
  frames: number | undefined;
  hasIccProfile: boolean;
  /** How that is applied, where the edge decodes the format; absent when the profile is damaged. */
  profileKind?: ProfileKind;
  /** The file ends before its picture does: a sentence that names what is missing. Known of whole files only. */
  cutShort?: string;
}

/** The header goes on past the bytes that were given: read this many from the start of the file and ask again. */
export interface MoreBytesNeeded {
  neededBytes: number;
}

/**
 * Reads what the first bytes of an image say of it. Cost follows the number of segments in the header, never the
 * number of pixels that it claims.
 *
 * @param head the file from its first byte; 64 KB answer nearly all files
 * @param totalBytes size of the whole file, when it is known: a header that needs more is damaged
 * @throws MediaError `unsupported_type` when it is none of our formats, `corrupt_image` when the header is damaged,
 *   `unsupported_image` when it is sound but describes something that no lane decodes
 */
export function probeImage(head: Uint8Array, totalBytes?: number): ImageProbe | MoreBytesNeeded {
  try {
    return checked(probeByFormat(head, totalBytes));
  } catch (thrown) {
    if (!(thrown instanceof ShortHead)) throw thrown;
    return { neededBytes: bytesToAskFor(thrown.neededBytes, head.length, totalBytes) };
  }
}

/** Whether {@link probeImage} asks for more of the file. */
export function needsMoreBytes(answer: ImageProbe | MoreBytesNeeded): answer is MoreBytesNeeded {
  return "neededBytes" in answer;
}

/** Size as shown, after orientation, px. */
export function orientedSize(probe: Pick<ImageProbe, "width" | "height" | "orientation">): Size {
  return probe.orientation >= 5
    ? { width: probe.height, height: probe.width }
    : { width: probe.width, height: probe.height };
}

const PROBES = {
  jpeg: probeJpeg,
  png: probePng,
  webp: probeWebp,
  gif: probeGif,
  avif: probeHeif,
  heic: probeHeif,
  tiff: probeTiff,
  bmp: probeBmp,
  svg: probeSvg,
} satisfies Record<SourceFormat, (head: Head) => Omit<ImageProbe, "format">>;

function probeByFormat(bytes: Uint8Array, totalBytes: number | undefined): ImageProbe {
  if (bytes.length === 0 || totalBytes === 0) throw new MediaError("empty_file", "The image has no bytes.");
  const format = detectImageFormat(bytes);
  if (format !== undefined) return withProfile({ format, ...PROBES[format](new Head(bytes)) }, bytes);
  const enough = 32;
  if (bytes.length < enough && bytes.length < (totalBytes ?? enough)) throw new ShortHead(enough);
  throw new MediaError("unsupported_type", "The file does not begin like any image that is supported.");
}

function withProfile(probe: ImageProbe, bytes: Uint8Array): ImageProbe {
  const icc = probe.hasIccProfile ? readMetadata(bytes, probe.format).icc : undefined;
  const kind = icc && readProfile(icc)?.kind;
  return kind ? { ...probe, profileKind: kind } : probe;
}

function checked(probe: ImageProbe): ImageProbe {
  if (probe.width >= 1 && probe.height >= 1) return probe;
  throw new MediaError("corrupt_image", `The header says ${probe.width}×${probe.height} pixels.`);
}

/** Doubles at least, so that a header of many small segments takes a few reads and not one for each. */
function bytesToAskFor(needed: number, have: number, totalBytes: number | undefined): number {
  if (totalBytes !== undefined && (needed > totalBytes || have >= totalBytes)) {
    throw new MediaError("corrupt_image", `The file ends after ${totalBytes} bytes, inside its own header.`);
  }
  if (needed > MAX_HEAD_BYTES) {
    throw new MediaError(
      "unsupported_image",
      `The header reaches past byte ${MAX_HEAD_BYTES}, further than is read.`,
    );
  }
  const generous = Math.min(Math.max(needed, have * 2), MAX_HEAD_BYTES);
  return Math.min(generous, totalBytes ?? generous);
}
