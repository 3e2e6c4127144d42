import { MediaError } from "../errors.ts";
import { codecStringOf, readAacConfig, sampleEntryOf } from "./codec-string.ts";
import { findBox, type Mp4Box, readBoxes, viewOf } from "./mp4-boxes.ts";
import { concatBytes, mp4Box } from "./write-boxes.ts";

/** What the init segment of a one-track file says about all segments that follow. */
export interface InitSegment {
  /** Ticks a second of the track's clock. */
  timescale: number;
  /** RFC 6381 */
  codec: string;
  /** px, video only */
  width?: number;
  height?: number;
  /** audio only */
  channels?: number;
  /** Hz, audio only */
  sampleRate?: number;
}

const TRACK = ["moov", "trak", "mdia"];

/** @throws {MediaError} `invalid_result` when the bytes are not the init segment of an H.264 or AAC track. */
export function readInitSegment(bytes: Uint8Array): InitSegment {
  const mdhd = findBox(bytes, [...TRACK, "mdhd"])?.body;
  const stsd = findBox(bytes, [...TRACK, "minf", "stbl", "stsd"])?.body;
  const entry = stsd && sampleEntryOf(stsd);
  if (mdhd === undefined || entry === undefined) {
    throw new MediaError("invalid_result", "The encoder wrote no index for one of the tracks.");
  }
  // Version 1 holds 64-bit times, so the timescale lies 8 bytes further in.
  const timescale = viewOf(mdhd).getUint32(mdhd[0] === 1 ? 20 : 12);
  return { timescale, codec: codecStringOf(entry), ...shapeOf(entry) };
}

/** Time that the edit list of a one-track file takes off every frame, ticks of the track (ISO/IEC 14496-12 §8.6.6). */
export function readMediaTime(bytes: Uint8Array): number {
  const elst = findBox(bytes, ["moov", "trak", "edts", "elst"])?.body;
  if (elst === undefined || viewOf(elst).getUint32(4) === 0) return 0;
  const mediaTime = elst[0] === 1 ? Number(viewOf(elst).getBigInt64(16)) : viewOf(elst).getInt32(12);
  return Math.max(0, mediaTime);
}

/** The init segment without user data: what is left depends on the settings of the encoder alone. */
export function withoutUserData(bytes: Uint8Array): Uint8Array {
  const boxes = readBoxes(bytes).filter(({ type }) => type !== "udta");
  return concatBytes(
    boxes.map(({ type, body }) => mp4Box(type, type === "moov" ? withoutUserData(body) : body)),
  );
}

function shapeOf(entry: Mp4Box): Partial<InitSegment> {
  const view = viewOf(entry.body);
  // The channel count of the entry itself is 2 whatever the track holds.
  return entry.type === "mp4a"
    ? { channels: readAacConfig(entry).channels, sampleRate: view.getUint16(24) }
    : { width: view.getUint16(24), height: view.getUint16(26) };
}
