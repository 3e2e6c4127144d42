import { MediaError } from "../errors.ts";
import { findBox, viewOf } from "./mp4-boxes.ts";

/** One coded frame of a fragment, in decoding order; times in ticks of the track's timescale. */
export interface FragmentSample {
  durationTicks: number;
  bytes: number;
  /** ISO/IEC 14496-12 §8.8.3.1: whether other frames depend on it, and whether it is a keyframe. */
  flags: number;
  /** From the time it is decoded to the time it is shown; may be negative. */
  offsetTicks: number;
}

/** One fragment (`moof`) of a one-track file. */
export interface MediaFragment {
  /** Decode time of the first sample. */
  startTicks: number;
  samples: FragmentSample[];
}

export const TFHD = {
  baseDataOffset: 0x1,
  descriptionIndex: 0x2,
  duration: 0x8,
  size: 0x10,
  flags: 0x20,
  baseIsMoof: 0x20000,
} as const;
export const TRUN = {
  dataOffset: 0x1,
  firstSampleFlags: 0x4,
  duration: 0x100,
  size: 0x200,
  flags: 0x400,
  compositionOffset: 0x800,
} as const;

/**
 * Reads the samples out of a `moof` (ISO/IEC 14496-12 §8.8.7, §8.8.8, §8.8.12).
 *
 * @param moof body of the box
 * @throws {MediaError} `invalid_result` when a part is missing
 */
export function readFragment(moof: Uint8Array): MediaFragment {
  const tfhd = findBox(moof, ["traf", "tfhd"])?.body;
  const tfdt = findBox(moof, ["traf", "tfdt"])?.body;
  const trun = findBox(moof, ["traf", "trun"])?.body;
  if (tfhd === undefined || tfdt === undefined || trun === undefined) {
    throw new MediaError("invalid_result", "The encoder wrote a fragment without times.");
  }
  const startTicks = tfdt[0] === 1 ? Number(viewOf(tfdt).getBigUint64(4)) : viewOf(tfdt).getUint32(4);
  return { startTicks, samples: readRun(trun, readDefaults(tfhd)) };
}

type SampleDefaults = Omit<FragmentSample, "offsetTicks">;

function readDefaults(tfhd: Uint8Array): SampleDefaults {
  const flags = flagsOf(tfhd);
  const view = viewOf(tfhd);
  let offset = 8 + (flags & TFHD.baseDataOffset ? 8 : 0) + (flags & TFHD.descriptionIndex ? 4 : 0);
  const next = (flag: number) => {
    if ((flags & flag) === 0) return 0;
    offset += 4;
    return view.getUint32(offset - 4);
  };
  return { durationTicks: next(TFHD.duration), bytes: next(TFHD.size), flags: next(TFHD.flags) };
}

function readRun(trun: Uint8Array, defaults: SampleDefaults): FragmentSample[] {
  const present = flagsOf(trun);
  const view = viewOf(trun);
  let offset = 8 + (present & TRUN.dataOffset ? 4 : 0);
  const next = (flag: number, otherwise: number) => {
    if ((present & flag) === 0) return otherwise;
    offset += 4;
    return view.getUint32(offset - 4);
  };
  const firstFlags = next(TRUN.firstSampleFlags, defaults.flags);
  return Array.from({ length: view.getUint32(4) }, (_, i) => ({
    durationTicks: next(TRUN.duration, defaults.durationTicks),
    bytes: next(TRUN.size, defaults.bytes),
    flags: next(TRUN.flags, i === 0 ? firstFlags : defaults.flags),
    offsetTicks: next(TRUN.compositionOffset, 0) | 0,
  }));
}

function flagsOf(fullBox: Uint8Array): number {
  return viewOf(fullBox).getUint32(0) & 0xffffff;
}
