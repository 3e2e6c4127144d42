import { MediaError } from "../../src/errors.ts";
import { readBoxHeader } from "../../src/video/mp4-boxes.ts";

/** One whole box, header included. */
export interface StreamedBox {
  type: string;
  bytes: Buffer;
  /** Bytes of the header. */
  headerBytes: number;
}

const LONGEST_HEADER_BYTES = 16;

/**
 * Cuts a stream of fragmented MP4 into its boxes as they complete.
 * @throws {MediaError} `invalid_result` for a box with an impossible size
 */
export async function* readBoxStream(source: AsyncIterable<Buffer>): AsyncGenerator<StreamedBox> {
  let chunks: Buffer[] = [];
  let held = 0;
  let needed = LONGEST_HEADER_BYTES;
  for await (const chunk of source) {
    chunks.push(chunk);
    held += chunk.length;
    if (held < needed) continue;
    let bytes = Buffer.concat(chunks, held);
    for (;;) {
      const header = readBoxHeader(bytes);
      if (header !== undefined && header.size < header.headerBytes) {
        throw new MediaError("invalid_result", "The encoder wrote a box of no size.");
      }
      needed = header?.size ?? LONGEST_HEADER_BYTES;
      if (header === undefined || bytes.length < header.size) break;
      const { type, headerBytes } = header;
      yield { type, headerBytes, bytes: bytes.subarray(0, header.size) };
      bytes = bytes.subarray(header.size);
    }
    chunks = [bytes];
    held = bytes.length;
  }
}
