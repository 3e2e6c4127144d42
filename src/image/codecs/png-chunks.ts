import { MediaError } from "../../errors.ts";
import { crc32 } from "./crc32.ts";

/** What decoding a PNG needs of its chunks. */
export interface PngChunks {
  width: number;
  height: number;
  bitDepth: number;
  /** PNG third edition, table 8. */
  colorType: number;
  isInterlaced: boolean;
  /** RGB, three bytes an entry. */
  palette: Uint8Array | undefined;
  /** tRNS: an alpha for each of the first entries of the palette, or a colour of 16-bit samples. */
  transparency: Uint8Array | undefined;
  /** The content of the IDAT chunks, which together are one stream of zlib data. */
  data: Uint8Array[];
}

const SIGNATURE_BYTES = 8;
/** Length, type and CRC. */
const OVERHEAD_BYTES = 12;
const MAX_PALETTE_ENTRIES = 256;

/**
 * Finds the chunks of a PNG (third edition §5, §11). The header, the palette and the transparency are held to their CRCs;
 * the pixels have a checksum of their own, inside of the compressed data.
 *
 * @throws MediaError `corrupt_image` naming what is damaged
 */
export function readPngChunks(file: Uint8Array): PngChunks {
  const found = new Map<string, Uint8Array>();
  const data: Uint8Array[] = [];
  for (const { type, content, isSound } of chunksOf(file)) {
    if (type === "IDAT") {
      data.push(content);
      continue;
    }
    // What comes behind the pixels decides nothing about them, and so do they in APNG's other chunks.
    if (data.length > 0 || type === "IEND") break;
    if (type !== "IHDR" && type !== "PLTE" && type !== "tRNS") continue;
    if (isSound()) found.set(type, content);
    // Damaged transparency is passed over, as libpng does: the picture is all there without it.
    else if (type !== "tRNS") throw damaged(`its ${type} chunk is damaged`);
  }
  if (data.length === 0) throw damaged("it holds no pixels (IDAT)");
  const header = readHeader(found.get("IHDR"));
  const palette = found.get("PLTE");
  if (header.colorType === 3 && !isPalette(palette))
    throw damaged("its palette (PLTE) is missing or damaged");
  return { ...header, palette, transparency: found.get("tRNS"), data };
}

interface Chunk {
  type: string;
  content: Uint8Array;
  /** Whether it is whole and its CRC is right: as dear as the chunk is long. */
  isSound: () => boolean;
}

function* chunksOf(file: Uint8Array): Generator<Chunk> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = SIGNATURE_BYTES; at + OVERHEAD_BYTES <= file.length; ) {
    const length = view.getUint32(at);
    const end = at + 8 + length;
    const typed = file.subarray(at + 4, end);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    // The last bytes of a file that is cut short are worth what they hold.
    const isWhole = end + 4 <= file.length;
    yield {
      type,
      content: file.subarray(at + 8, Math.min(end, file.length)),
      isSound: () => isWhole && crc32(typed) === view.getUint32(end),
    };
    at = end + 4;
  }
}

function readHeader(chunk: Uint8Array | undefined) {
  if (chunk?.length !== 13) throw damaged("its header (IHDR) is missing or damaged");
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    bitDepth: view.getUint8(8),
    colorType: view.getUint8(9),
    isInterlaced: view.getUint8(12) === 1,
  };
}

function isPalette(chunk: Uint8Array | undefined): boolean {
  return (
    chunk !== undefined &&
    chunk.length > 0 &&
    chunk.length % 3 === 0 &&
    chunk.length <= MAX_PALETTE_ENTRIES * 3
  );
}

function damaged(what: string): MediaError {
  return new MediaError("corrupt_image", `The PNG cannot be decoded: ${what}.`, { isDoubtful: true });
}
