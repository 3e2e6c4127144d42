/** Small files that ask for much: what they hold inflates, loops, or is cut into more pieces than anybody writes. */
import { deflateSync } from "node:zlib";
import { ascii, chunk, concat, riff, segment, uint32, vp8x } from "../fixtures/images.ts";

const INFLATED_BYTES = 50_000_000;

/** 50 KB that inflate to 50 MB. */
const BOMB = deflateSync(new Uint8Array(INFLATED_BYTES), { level: 9 });
/** 4 KB that inflate to as much as is read of a block. */
const SMALL_BOMB = deflateSync(new Uint8Array(4_000_000), { level: 9 });

type Bytes = Uint8Array | readonly number[];

/** Where chunks may stand in a PNG: behind its signature and its header. */
const BEHIND_HEADER = 8 + 25;

function withChunks(png: Uint8Array, ...chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concat(png.subarray(0, BEHIND_HEADER), ...chunks, png.subarray(BEHIND_HEADER));
}

const profileOf = (bomb: Uint8Array) => chunk("iCCP", concat(ascii("p\0\0"), bomb));
const xmpOf = (bomb: Uint8Array) => chunk("iTXt", concat(ascii("XML:com.adobe.xmp\0"), [1, 0, 0, 0], bomb));

/** An EXIF block whose directory of 200 entries says that each of its fields is all of the block, and follows itself. */
export function loopingExif(blockBytes: number): Uint8Array<ArrayBuffer> {
  const entries = Array.from({ length: 200 }, (_, index) => {
    if (index === 0) return concat([0x87, 0x69, 0, 4, 0, 0, 0, 1], uint32(8));
    if (index === 1) return concat([0x88, 0x25, 0, 4, 0, 0, 0, 1], uint32(8));
    return concat([0x01, 0x31, 0, 2], uint32(blockBytes), uint32(0));
  });
  const block = concat(ascii("MM\0*"), uint32(8), [0, 200], ...entries, uint32(8));
  return concat(block, new Uint8Array(Math.max(0, blockBytes - block.length)));
}

/** An EXIF block of 60,000 directories in one, each of which is that one. */
export function branchingExif(): Uint8Array<ArrayBuffer> {
  const count = 60_000;
  const block = new Uint8Array(8 + 2 + count * 12 + 4);
  block.set(concat(ascii("MM\0*"), uint32(8), [count >> 8, count & 255]));
  const entry = concat([0x87, 0x69, 0, 4, 0, 0, 0, 1], uint32(8));
  for (let index = 0; index < count; index++) block.set(entry, 10 + index * 12);
  return block;
}

export function pngBombs(png: Uint8Array): Record<string, Uint8Array> {
  return {
    "a profile of 50 MB": withChunks(png, profileOf(BOMB)),
    "1,000 profiles": withChunks(png, ...Array<Uint8Array>(1_000).fill(profileOf(SMALL_BOMB))),
    "text of 50 MB": withChunks(png, chunk("zTXt", concat(ascii("Comment\0\0"), BOMB))),
    "an XMP packet of 50 MB": withChunks(png, xmpOf(BOMB)),
    "1,000 XMP packets": withChunks(png, ...Array<Uint8Array>(1_000).fill(xmpOf(SMALL_BOMB))),
    "EXIF that loops": withChunks(png, chunk("eXIf", loopingExif(3_000_000))),
    "EXIF that branches": withChunks(png, chunk("eXIf", branchingExif())),
    "20,000 chunks of text": withChunks(png, ...Array<Uint8Array>(20_000).fill(chunk("tEXt", ascii("a\0b")))),
    "20,000 chunks that nobody knows": withChunks(png, ...Array<Uint8Array>(20_000).fill(chunk("prVt", []))),
  };
}

/** The pixels of a PNG in 20,000 chunks, nearly all of them empty. */
export function shredded(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new DataView(png.buffer, png.byteOffset).getUint32(BEHIND_HEADER);
  const data = png.subarray(BEHIND_HEADER + 8, BEHIND_HEADER + 8 + length);
  const single = Array.from(data, (byte) => chunk("IDAT", [byte]));
  const empty = Array<Uint8Array>(Math.max(0, 20_000 - single.length)).fill(chunk("IDAT", []));
  return concat(png.subarray(0, BEHIND_HEADER), ...empty, ...single, chunk("IEND", []));
}

export function jpegBombs(jpeg: Uint8Array): Record<string, Uint8Array> {
  const inFront = (...segments: Bytes[]) => concat(jpeg.subarray(0, 2), ...segments, jpeg.subarray(2));
  const exif = segment(0xe1, concat(ascii("Exif\0\0"), loopingExif(60_000)));
  const part = (number: number) =>
    segment(0xe2, concat(ascii("ICC_PROFILE\0"), [number, 255], new Uint8Array(60_000)));
  return {
    "EXIF that loops": inFront(exif),
    "100 blocks of EXIF": inFront(...Array<Uint8Array>(100).fill(exif)),
    "a profile in 255 parts": inFront(...Array.from({ length: 255 }, (_, index) => part(index + 1))),
    "20,000 segments": inFront(...Array<Uint8Array>(20_000).fill(segment(0xe5, [1]))),
    "a megabyte of fill bytes": inFront(new Uint8Array(1_000_000).fill(255)),
  };
}

/** A GIF of 5,000 frames, each of one px that turns. */
export function longGif(width: number, height: number, frames: number): Uint8Array<ArrayBuffer> {
  const size = [width & 255, width >> 8, height & 255, height >> 8];
  const control = [0x21, 0xf9, 4, 4, 2, 0, 0, 0];
  const frame = (index: number) => [
    ...control,
    0x2c,
    0,
    0,
    0,
    0,
    1,
    0,
    1,
    0,
    0,
    2,
    2,
    index % 2 ? 0x4c : 0x44,
    1,
    0,
  ];
  const loop = [0x21, 0xff, 11, ...ascii("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  const all = Array.from({ length: frames }, (_, index) => Uint8Array.from(frame(index)));
  return concat(ascii("GIF89a"), size, [0x80, 0, 0], [0, 0, 0, 255, 255, 255], loop, ...all, [0x3b]);
}

/** An animated WebP whose frames say another size than the bitstream in them, on a canvas of its own size. */
export function lyingWebp(
  bitstream: Uint8Array,
  canvas: [width: number, height: number],
  frame: [width: number, height: number],
  frames: number,
): Uint8Array<ArrayBuffer> {
  const u24 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255];
  const header = [...u24(0), ...u24(0), ...u24(frame[0] - 1), ...u24(frame[1] - 1), ...u24(20), 0];
  const picture = concat(
    ascii("VP8 "),
    uint32(bitstream.length, true),
    bitstream,
    bitstream.length & 1 ? [0] : [],
  );
  const payload = concat(header, picture);
  return riff(
    ["VP8X", vp8x(0x02, ...canvas)],
    ["ANIM", new Uint8Array(6)],
    ...Array.from({ length: frames }, (): [string, Uint8Array] => ["ANMF", payload]),
  );
}
