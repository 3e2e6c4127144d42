import { open } from "node:fs/promises";

/** As much as tells the format of a file, bytes. */
const HEAD_BYTES = 1024;

/** The first bytes of a local file. */
export async function headOf(file: string): Promise<Uint8Array> {
  const source = await open(file);
  try {
    const { buffer, bytesRead } = await source.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await source.close();
  }
}
