import { MediaError } from "../../errors.ts";
import type { ImageProbe, Orientation, SamplingFactors } from "../probe.ts";
import { exifOrientation } from "./exif.ts";
import type { Head } from "./head.ts";

interface Frame {
  coding: ImageProbe["coding"];
  bitDepth: number;
  width: number;
  height: number;
  componentIds: number[];
  samplingFactors: SamplingFactors[];
}

/** What the segments before the first scan say. */
interface Segments {
  frame: Frame | undefined;
  /** JFIF knows no colours but YCbCr. */
  isJfif: boolean;
  /** Colour transform of the Adobe APP14 segment: 0 none, 1 YCbCr, 2 YCCK. */
  adobeTransform: number | undefined;
  orientation: Orientation | undefined;
  hasIccProfile: boolean;
}

const SOS = 0xda;
const EOI = 0xd9;

/** Walks the marker segments up to the first scan (ITU-T T.81 §B.1, §B.2). */
export function probeJpeg(head: Head): Omit<ImageProbe, "format"> {
  const { frame, orientation, hasIccProfile, ...segments } = readSegments(head);
  if (frame === undefined)
    throw new MediaError("corrupt_image", "The JPEG has no frame header before its scan.");
  if (frame.height === 0) {
    throw new MediaError("unsupported_image", "The JPEG leaves its height to a later marker (DNL).");
  }
  return {
    width: frame.width,
    height: frame.height,
    orientation: orientation ?? 1,
    hasAlpha: false,
    bitDepth: frame.bitDepth,
    components: frame.componentIds.length,
    colorModel: colorModel(frame.componentIds, segments),
    coding: frame.coding,
    samplingFactors: frame.samplingFactors,
    animated: false,
    frames: 1,
    hasIccProfile,
  };
}

function readSegments(head: Head): Segments {
  const found: Segments = {
    frame: undefined,
    isJfif: false,
    adobeTransform: undefined,
    orientation: undefined,
    hasIccProfile: false,
  };
  for (let offset = markerAt(head, 2); ; ) {
    const marker = head.u8(offset + 1);
    if (marker === SOS || marker === EOI) return found;
    offset += 2;
    if (!isStandalone(marker)) {
      // One that does not even count itself is that of an empty segment.
      const length = Math.max(2, head.u16(offset));
      readSegment(head, marker, offset + 2, length - 2, found);
      offset += length;
    }
    offset = markerAt(head, offset);
  }
}

/**
 * The next marker at or behind `offset`. Fill bytes are stepped over, and what is no marker at all, which wrong lengths of
 * segments leave behind: libjpeg does so, too.
 */
function markerAt(head: Head, offset: number): number {
  for (let at = offset; ; at++) {
    head.need(at, 2);
    at = head.bytes.indexOf(0xff, at);
    if (at < 0) at = head.length - 1;
    const code = head.u8(at + 1);
    if (head.u8(at) === 0xff && code !== 0 && code !== 0xff) return at;
  }
}

/** TEM and the restart markers have no length. */
function isStandalone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

function readSegment(head: Head, marker: number, offset: number, length: number, found: Segments): void {
  if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
    found.frame ??= readFrame(head, marker, offset, length);
  } else if (marker === 0xe0 && length >= 14 && head.text(offset, 5) === "JFIF\0") {
    found.isJfif = true;
  } else if (marker === 0xe1 && length > 6 && head.text(offset, 6) === "Exif\0\0") {
    found.orientation ??= exifOrientation(head.slice(offset + 6, length - 6));
  } else if (marker === 0xe2 && length > 12 && head.text(offset, 12) === "ICC_PROFILE\0") {
    found.hasIccProfile = true;
  } else if (marker === 0xee && length >= 12 && head.text(offset, 5) === "Adobe") {
    found.adobeTransform = head.u8(offset + 11);
  }
}

/** T.81 §B.2.2: precision, lines, samples per line, then three bytes for each component. */
function readFrame(head: Head, marker: number, offset: number, length: number): Frame {
  const count = length >= 6 ? head.u8(offset + 5) : 0;
  if (length < 6 + count * 3) throw new MediaError("corrupt_image", "The JPEG frame header is cut short.");
  return {
    coding: codingOf(marker),
    bitDepth: head.u8(offset),
    height: head.u16(offset + 1),
    width: head.u16(offset + 3),
    componentIds: Array.from({ length: count }, (_, index) => head.u8(offset + 6 + index * 3)),
    samplingFactors: Array.from({ length: count }, (_, index) => samplingOf(head.u8(offset + 7 + index * 3))),
  };
}

/** Four bits each; what is out of range is the decoder's to refuse. */
function samplingOf(byte: number): SamplingFactors {
  return { horizontal: Math.max(1, byte >> 4), vertical: Math.max(1, byte & 15) };
}

/** T.81 table B.1: the low two bits name the process, bit 2 hierarchical coding, bit 3 arithmetic coding. */
function codingOf(marker: number): ImageProbe["coding"] {
  const process = marker & 3;
  if ((marker & 4) !== 0) throw new MediaError("unsupported_image", "Hierarchical JPEG is not supported.");
  if (process === 3) return "lossless";
  if ((marker & 8) !== 0) return "arithmetic";
  return process === 2 ? "progressive" : "baseline";
}

/** The rules that libjpeg follows in `default_decompress_parms`. */
function colorModel(
  ids: number[],
  { isJfif, adobeTransform }: Pick<Segments, "isJfif" | "adobeTransform">,
): ImageProbe["colorModel"] {
  if (ids.length === 1) return "grayscale";
  if (ids.length === 4) return (adobeTransform ?? 0) === 0 ? "cmyk" : "ycck";
  if (ids.length !== 3) {
    throw new MediaError("unsupported_image", `A JPEG of ${ids.length} components is not supported.`);
  }
  if (isJfif) return "ycbcr";
  const namedRgb = String.fromCharCode(...ids) === "RGB";
  return adobeTransform === 0 || (adobeTransform === undefined && namedRgb) ? "rgb" : "ycbcr";
}
