import { MediaError } from "../errors.ts";
import { findBox, type Mp4Box, readBoxes } from "./mp4-boxes.ts";

/** Bytes of a sample entry before its child boxes (ISO/IEC 14496-12 §12.1.3 and §12.2.3). */
const VISUAL_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;

const ES_DESCRIPTOR = 0x03;
const DECODER_CONFIG = 0x04;
const DECODER_SPECIFIC = 0x05;

/**
 * The codec string of a sample entry, as `CODECS` wants it (RFC 6381 §3.3): `avc1.64001f` from the profile, the
 * constraints and the level in `avcC`; `mp4a.40.2` from the object type in `esds`.
 *
 * @param entry first box inside `stsd`
 * @throws {MediaError} `invalid_result` for an entry that this service does not write.
 */
export function codecStringOf(entry: Mp4Box): string {
  if (entry.type === "avc1") return avcCodecString(entry);
  if (entry.type === "mp4a") return aacCodecString(entry);
  throw new MediaError("invalid_result", `The encoder wrote a ${entry.type} track, which cannot be named.`);
}

function avcCodecString(entry: Mp4Box): string {
  const avcC = findBox(entry.body.subarray(VISUAL_ENTRY_BYTES), ["avcC"])?.body;
  if (avcC === undefined || avcC.length < 4) {
    throw new MediaError("invalid_result", "The video track has no AVC configuration.");
  }
  return `avc1.${[...avcC.subarray(1, 4)].map(hexByte).join("")}`;
}

function aacCodecString(entry: Mp4Box): string {
  const { objectType, audioObject } = readAacConfig(entry);
  return `mp4a.${hexByte(objectType)}.${audioObject}`;
}

/** What the decoder of an AAC track is told (ISO/IEC 14496-3 §1.6.2.1). */
export interface AacConfig {
  /** Registered object type of the stream: 0x40 for MPEG-4 audio. */
  objectType: number;
  /** 2 is low complexity. */
  audioObject: number;
  channels: number;
}

/** @throws {MediaError} `invalid_result` when the entry has no configuration */
export function readAacConfig(entry: Mp4Box): AacConfig {
  const esds = findBox(entry.body.subarray(AUDIO_ENTRY_BYTES), ["esds"])?.body;
  const config = esds && descriptor(esds.subarray(4), [ES_DESCRIPTOR, DECODER_CONFIG]);
  const [first = 0, second = 0] = config ? (descriptor(config.subarray(13), [DECODER_SPECIFIC]) ?? []) : [];
  const objectType = config?.[0];
  if (objectType === undefined || first === 0) {
    throw new MediaError("invalid_result", "The audio track has no AAC configuration.");
  }
  // Five bits of object, four of sample rate, four of channels.
  return { objectType, audioObject: first >> 3, channels: (second >> 3) & 0xf };
}

/** Walks MPEG-4 descriptors (ISO/IEC 14496-1 §8.3.3): a tag, a length of 7-bit groups, then the body. */
function descriptor(bytes: Uint8Array, tags: readonly number[]): Uint8Array | undefined {
  const [tag, ...rest] = tags;
  let offset = 0;
  while (offset < bytes.length) {
    const found = bytes[offset++];
    let length = 0;
    for (let more = true; more && offset < bytes.length; ) {
      const byte = bytes[offset++] ?? 0;
      length = (length << 7) | (byte & 0x7f);
      more = (byte & 0x80) !== 0;
    }
    const body = bytes.subarray(offset, offset + length);
    if (found === tag) {
      // The ES descriptor starts with an id and flags; this service's encoders set none of the optional fields.
      return rest.length === 0 ? body : descriptor(tag === ES_DESCRIPTOR ? body.subarray(3) : body, rest);
    }
    offset += length;
  }
  return undefined;
}

/** The first sample entry of an `stsd` body. */
export function sampleEntryOf(stsd: Uint8Array): Mp4Box | undefined {
  return readBoxes(stsd.subarray(8))[0];
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
