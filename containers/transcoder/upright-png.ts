import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { orientationEntry } from "../../src/image/probe/exif.ts";

const SIGNATURE_BYTES = 8;
const MAX_EXIF_BYTES = 4 * 1024 * 1024;

/**
 * Makes the EXIF of a PNG say that it lies upright. libheif has turned the picture already, as the boxes of its file
 * say, and copies the EXIF, which says so again.
 */
export async function standPngUpright(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await correct(file);
  } finally {
    await file.close();
  }
}

async function correct(file: FileHandle): Promise<void> {
  const head = Buffer.alloc(8);
  let at = SIGNATURE_BYTES;
  while ((await file.read(head, 0, 8, at)).bytesRead === 8) {
    const length = head.readUInt32BE(0);
    const type = head.toString("latin1", 4);
    if (type === "IEND") return;
    if (type === "eXIf" && length <= MAX_EXIF_BYTES) await correctExif(file, at + 4, length);
    at += length + 12;
  }
}

/** @param at where the type of the chunk stands; its checksum covers the type and what follows */
async function correctExif(file: FileHandle, at: number, length: number): Promise<void> {
  const chunk = Buffer.alloc(length + 4);
  await file.read(chunk, 0, chunk.length, at);
  const block = chunk.subarray(4);
  const entry = orientationEntry(block);
  if (entry === undefined) return;
  block.fill(0, entry.value, entry.value + 4);
  if (entry.littleEndian) block.writeUInt16LE(1, entry.value);
  else block.writeUInt16BE(1, entry.value);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(chunk));
  await file.write(Buffer.concat([chunk, checksum]), 0, chunk.length + 4, at);
}
