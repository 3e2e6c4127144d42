import { MediaError } from "../errors.ts";
import { readFragment } from "./media-fragment.ts";
import { findBox, readBoxHeader, viewOf } from "./mp4-boxes.ts";

/**
 * The segment with its last frame shown until `endTicks`. Of a source without a fixed frame rate, the task that
 * encodes a chunk cannot know when the first frame of the next chunk comes. Only one number changes, so every offset
 * into the segment stays right.
 *
 * @param segment written with explicit durations
 * @throws {MediaError} `invalid_result` when it has no such fragment
 */
export function stretchSegment(segment: Uint8Array, endTicks: number): Uint8Array {
  const moof = lastMoof(segment);
  const fragment = moof && readFragment(moof);
  const trun = moof && findBox(moof, ["traf", "trun"])?.body;
  if (fragment === undefined || trun === undefined || fragment.samples.length === 0) {
    throw new MediaError("invalid_result", "A segment has no fragment to lengthen.");
  }
  const changed = segment.slice();
  const ticks = fragment.samples.reduce((sum, sample) => sum + sample.durationTicks, fragment.startTicks);
  const last = fragment.samples.at(-1)?.durationTicks ?? 0;
  const row = rowBytes(trun);
  // The run ends the `moof`, and the length comes first in a row.
  const at = trun.byteOffset - segment.byteOffset + trun.length - row;
  viewOf(changed).setUint32(at, last + endTicks - ticks);
  return changed;
}

function rowBytes(trun: Uint8Array): number {
  const present = viewOf(trun).getUint32(0);
  return [0x100, 0x200, 0x400, 0x800].filter((field) => present & field).length * 4;
}

function lastMoof(segment: Uint8Array): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  let offset = 0;
  for (;;) {
    const header = readBoxHeader(segment, offset);
    if (header === undefined || header.size < header.headerBytes) return found;
    if (header.type === "moof") found = segment.subarray(offset + header.headerBytes, offset + header.size);
    offset += header.size;
  }
}
