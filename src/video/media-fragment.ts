import { MediaError } from "../errors.ts";
import { findBox, viewOf } from "./mp4-boxes.ts";

/** Times of one fragment (`moof`) of a one-track file, in ticks of the track's timescale. */
export interface MediaFragment {
  /** Decode time of the first sample, which is the time its picture is shown at (the edit list takes the rest). */
  startTicks: number;
  durationTicks: number;
  samples: number;
}

const TFHD = { baseDataOffset: 0x1, descriptionIndex: 0x2, defaultDuration: 0x8 } as const;
const TRUN = {
  dataOffset: 0x1,
  firstSampleFlags: 0x4,
  duration: 0x100,
  size: 0x200,
  flags: 0x400,
  compositionOffset: 0x800,
} as const;

/**
 * Reads the times out of a `moof` (ISO/IEC 14496-12 §8.8.7, §8.8.8, §8.8.12).
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
  return { startTicks, ...runLength(trun, defaultDuration(tfhd)) };
}

function defaultDuration(tfhd: Uint8Array): number {
  const flags = flagsOf(tfhd);
  if ((flags & TFHD.defaultDuration) === 0) return 0;
  const skipped = (flags & TFHD.baseDataOffset ? 8 : 0) + (flags & TFHD.descriptionIndex ? 4 : 0);
  return viewOf(tfhd).getUint32(8 + skipped);
}

function runLength(
  trun: Uint8Array,
  fallbackTicks: number,
): Pick<MediaFragment, "durationTicks" | "samples"> {
  const flags = flagsOf(trun);
  const view = viewOf(trun);
  const samples = view.getUint32(4);
  if ((flags & TRUN.duration) === 0) return { samples, durationTicks: samples * fallbackTicks };
  const fields = [TRUN.duration, TRUN.size, TRUN.flags, TRUN.compositionOffset];
  const stride = fields.filter((field) => flags & field).length * 4;
  let offset = 8 + (flags & TRUN.dataOffset ? 4 : 0) + (flags & TRUN.firstSampleFlags ? 4 : 0);
  let durationTicks = 0;
  for (let i = 0; i < samples; i++, offset += stride) durationTicks += view.getUint32(offset);
  return { samples, durationTicks };
}

function flagsOf(fullBox: Uint8Array): number {
  return viewOf(fullBox).getUint32(0) & 0xffffff;
}
