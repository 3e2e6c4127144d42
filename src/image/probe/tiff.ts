import { MediaError } from "../../errors.ts";
import type { ImageProbe, Orientation } from "../probe.ts";
import type { Head } from "./head.ts";

/** Tags of TIFF 6.0 that describe the picture. */
const TAG = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  photometric: 262,
  orientation: 274,
  samplesPerPixel: 277,
  extraSamples: 338,
  iccProfile: 34_675,
};

const COLOR_MODELS: Record<number, ImageProbe["colorModel"]> = {
  0: "grayscale",
  1: "grayscale",
  2: "rgb",
  3: "palette",
  5: "cmyk",
  6: "ycbcr",
};

/** Reads the first directory of a TIFF (TIFF 6.0 §2), which may lie anywhere in the file. */
export function probeTiff(head: Head): Omit<ImageProbe, "format"> {
  const tags = readDirectory(head);
  const width = tags.get(TAG.width);
  const height = tags.get(TAG.height);
  if (width === undefined || height === undefined) {
    throw new MediaError("corrupt_image", "The TIFF does not say how large it is.");
  }
  const orientation = tags.get(TAG.orientation) ?? 1;
  return {
    width,
    height,
    orientation: orientation >= 1 && orientation <= 8 ? (orientation as Orientation) : 1,
    hasAlpha: tags.has(TAG.extraSamples),
    bitDepth: tags.get(TAG.bitsPerSample) ?? 1,
    components: tags.get(TAG.samplesPerPixel) ?? 1,
    colorModel: COLOR_MODELS[tags.get(TAG.photometric) ?? 1] ?? "rgb",
    coding: "plain",
    animated: false,
    frames: undefined,
    hasIccProfile: tags.has(TAG.iccProfile),
  };
}

/** First value of each tag that holds short or long integers; values of other types are kept as their raw word. */
function readDirectory(head: Head): Map<number, number> {
  const littleEndian = head.text(0, 2) === "II";
  const directory = head.u32(4, littleEndian);
  const entries = head.u16(directory, littleEndian);
  const tags = new Map<number, number>();
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    const tag = head.u16(entry, littleEndian);
    const isShort = head.u16(entry + 2, littleEndian) === 3;
    const count = head.u32(entry + 4, littleEndian);
    const isInline = count * (isShort ? 2 : 4) <= 4;
    const at = isInline || tag === TAG.iccProfile ? entry + 8 : head.u32(entry + 8, littleEndian);
    if (!Object.values(TAG).includes(tag)) continue;
    tags.set(tag, isShort ? head.u16(at, littleEndian) : head.u32(at, littleEndian));
  }
  return tags;
}
