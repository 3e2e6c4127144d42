import { type FragmentSample, type MediaFragment, TFHD, TRUN } from "./media-fragment.ts";
import { fullBox, mp4Box, uint32s } from "./write-boxes.ts";

const TRACK_ID = 1;
const MFHD_BYTES = 16;
const TFDT_BYTES = 20;
const TRAF_HEADER_BYTES = 8;
const MOOF_HEADER_BYTES = 8;

interface FragmentLayout {
  sequence: number;
  /** Header of the `mdat` that follows, bytes. */
  mdatHeaderBytes: number;
  /** Writes the length of every sample, so that the last one can be changed in place. */
  explicitDurations: boolean;
}

/** A `moof` box (ISO/IEC 14496-12 §8.8.4) for samples that lie, in order, in the `mdat` right behind it. */
export function writeFragment(fragment: MediaFragment, layout: FragmentLayout): Uint8Array {
  const { samples, startTicks } = fragment;
  const shared = sharedValues(samples, layout.explicitDurations);
  const tfhd = writeTfhd(shared);
  const tfdt = fullBox("tfdt", 1, 0, uint32s(Math.floor(startTicks / 2 ** 32), startTicks >>> 0));
  const run = (dataOffset: number) => writeTrun(samples, shared, dataOffset);
  const moofBytes =
    MOOF_HEADER_BYTES + MFHD_BYTES + TRAF_HEADER_BYTES + tfhd.length + TFDT_BYTES + run(0).length;
  const trun = run(moofBytes + layout.mdatHeaderBytes);
  const mfhd = fullBox("mfhd", 0, 0, uint32s(layout.sequence));
  return mp4Box("moof", mfhd, mp4Box("traf", tfhd, tfdt, trun));
}

/** What all samples have in common is written once; absent: each has its own. */
interface SharedValues {
  durationTicks: number | undefined;
  /** Of all samples but the first. */
  flags: number | undefined;
  hasOffsets: boolean;
}

function sharedValues(samples: readonly FragmentSample[], explicitDurations: boolean): SharedValues {
  const same = (values: number[]) => (values.every((value) => value === values[0]) ? values[0] : undefined);
  const followers = samples.length > 1 ? samples.slice(1) : samples;
  return {
    durationTicks: explicitDurations ? undefined : same(samples.map((sample) => sample.durationTicks)),
    flags: same(followers.map((sample) => sample.flags)),
    hasOffsets: samples.some((sample) => sample.offsetTicks !== 0),
  };
}

function writeTfhd({ durationTicks, flags }: SharedValues): Uint8Array {
  const present =
    TFHD.baseIsMoof |
    (durationTicks === undefined ? 0 : TFHD.duration) |
    (flags === undefined ? 0 : TFHD.flags);
  const values = [durationTicks, flags].filter((value) => value !== undefined);
  return fullBox("tfhd", 0, present, uint32s(TRACK_ID, ...values));
}

function writeTrun(samples: readonly FragmentSample[], shared: SharedValues, dataOffset: number): Uint8Array {
  const first = samples[0]?.flags ?? 0;
  const firstDiffers = shared.flags !== undefined && shared.flags !== first;
  const present =
    TRUN.dataOffset |
    TRUN.size |
    (firstDiffers ? TRUN.firstSampleFlags : 0) |
    (shared.durationTicks === undefined ? TRUN.duration : 0) |
    (shared.flags === undefined ? TRUN.flags : 0) |
    (shared.hasOffsets ? TRUN.compositionOffset : 0);
  const rows = samples.flatMap((sample) => [
    ...(present & TRUN.duration ? [sample.durationTicks] : []),
    sample.bytes,
    ...(present & TRUN.flags ? [sample.flags] : []),
    ...(present & TRUN.compositionOffset ? [sample.offsetTicks] : []),
  ]);
  // Version 1: offsets are signed.
  const head = [samples.length, dataOffset, ...(firstDiffers ? [first] : [])];
  return fullBox("trun", 1, present, uint32s(...head, ...rows));
}
