/** What libwebp answers with nothing for is looked at once more for a reason that can be told. */

const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** RFC 9649 §2.7.1.1: what a frame says of itself before its own chunks. */
const FRAME_HEADER_BYTES = 16;
/** RFC 6386 §9.1: the tag of a key frame, its start code and its size. */
const KEY_FRAME_BYTES = 10;
const VP8L_SIGNATURE = 0x2f;

interface Chunk {
  type: string;
  payload: Uint8Array;
  /** Bytes that it says it has, however many there are. */
  claimed: number;
}

/** What is broken in a WebP whose header made sense: its container, a chunk, or a bitstream; the end of a sentence. */
export function webpDamage(file: Uint8Array): string {
  const end = RIFF_HEADER_BYTES - 4 + uint32(file, 4);
  if (end < RIFF_HEADER_BYTES || end > file.length)
    return `its RIFF header claims ${end} bytes, and it has ${file.length}`;
  const chunks = [...chunksOf(file.subarray(RIFF_HEADER_BYTES, end))];
  const frames = chunks.filter(({ type }) => type === "ANMF").map(({ payload }) => payload);
  const inFrames = frames.flatMap((payload) => [...chunksOf(payload.subarray(FRAME_HEADER_BYTES))]);
  const all = [...chunks, ...inFrames];
  const long = all.find(({ payload, claimed }) => claimed > payload.length);
  if (long)
    return `its ${long.type.trim()} chunk claims ${long.claimed} bytes, and ${long.payload.length} are there`;
  const picture = all.find(({ type }) => type === "VP8 " || type === "VP8L");
  if (picture === undefined) return "no chunk of it holds a bitstream (VP8 or VP8L)";
  const problem = picture.type === "VP8L" ? losslessProblem(picture) : lossyProblem(picture);
  if (problem) return problem;
  const canvas = frames.length === 0 && chunks.find(({ type }) => type === "VP8X");
  if (canvas && sideOf(canvas.payload, 4) !== sizeOf(picture).width) return otherSize(picture.type);
  if (canvas && sideOf(canvas.payload, 7) !== sizeOf(picture).height) return otherSize(picture.type);
  const hasAlpha = all.some(({ type }) => type === "ALPH");
  return `its ${picture.type.trim()} bitstream${hasAlpha ? " or its alpha (ALPH)" : ""} makes no sense`;
}

function otherSize(type: string): string {
  return `its ${type.trim()} bitstream is not of the size that its VP8X chunk says`;
}

/** RFC 9649 §2.7.1: a side of the canvas, 24 bits of it less 1. */
function sideOf(payload: Uint8Array, at: number): number {
  return (uint32(payload, at) & 0xff_ffff) + 1;
}

/** RFC 6386 §9.1, RFC 9649 §3.4: 14 bits of each side, those of VP8L less 1. */
function sizeOf({ type, payload }: Chunk): { width: number; height: number } {
  if (type === "VP8 ") return { width: uint32(payload, 6) & 0x3fff, height: uint32(payload, 8) & 0x3fff };
  const bits = uint32(payload, 1);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** The chunks of a part of the file, the last one cut where that ends. */
function* chunksOf(part: Uint8Array): Generator<Chunk> {
  for (let at = 0; at + CHUNK_HEADER_BYTES <= part.length; ) {
    const claimed = uint32(part, at + 4);
    const type = String.fromCharCode(...part.subarray(at, at + 4)).replace(/[^ -~]/g, "?");
    yield {
      type,
      claimed,
      payload: part.subarray(at + CHUNK_HEADER_BYTES, at + CHUNK_HEADER_BYTES + claimed),
    };
    at += CHUNK_HEADER_BYTES + claimed + (claimed & 1);
  }
}

/** RFC 6386 §9.1, §9.2: the size of the first partition stands in the tag. */
function lossyProblem({ payload }: Chunk): string | undefined {
  const tag = uint32(payload, 0) & 0xff_ffff;
  const first = tag >>> 5;
  if (payload.length < KEY_FRAME_BYTES || (tag & 1) !== 0)
    return "its VP8 bitstream does not begin with a key frame";
  if (first <= payload.length - KEY_FRAME_BYTES) return undefined;
  return `the first partition of its VP8 bitstream claims ${first} bytes, and ${payload.length - KEY_FRAME_BYTES} are there`;
}

function losslessProblem({ payload }: Chunk): string | undefined {
  return payload[0] === VP8L_SIGNATURE ? undefined : "its VP8L bitstream has no signature";
}

/** Little-endian; bytes past the end are zeros. */
function uint32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return a + b * 0x100 + c * 0x1_00_00 + d * 0x1_00_00_00;
}
