import { LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import { type BytesUntil, createBytesUntil } from "./bytes-until.ts";
import { boundaryOf, readPartHeaders } from "./part-headers.ts";

/** What a multipart body turns out to hold, in the order in which it arrives. */
export type MultipartEvent =
  | { type: "field"; name: string; value: string }
  | { type: "file"; name: string; filename: string; contentType: string }
  | { type: "chunk"; bytes: Uint8Array }
  | { type: "file_end" };

const MAX_PARTS = 32;
const MAX_HEADER_BYTES = 16 * 1024;

const CRLF = bytesOf("\r\n");
const BLANK_LINE = bytesOf("\r\n\r\n");

/**
 * Reads multipart/form-data (RFC 7578, framed as RFC 2046 §5.1.1 says) as it arrives; at most one network chunk is
 * held. The consumer's pace is the reader's: nothing is read ahead.
 *
 * @throws MediaError `malformed_multipart` when the body breaks the format or ends before its closing boundary.
 */
export async function* readMultipart(
  body: ReadableStream<Uint8Array>,
  contentType: string,
): AsyncGenerator<MultipartEvent> {
  const delimiter = bytesOf(`\r\n--${boundaryOf(contentType)}`);
  // The line break that belongs to a boundary is missing before the first one when there is no preamble.
  const source = createBytesUntil(body, CRLF);
  try {
    for await (const _ of source.until(delimiter));
    for (let parts = 0; !(await isClosing(source)); parts++) {
      if (parts === MAX_PARTS) throw malformed(`A body may have ${MAX_PARTS} parts.`);
      yield* readPart(source, delimiter);
    }
  } finally {
    await source.close();
  }
}

/** What follows a boundary: two dashes end the body, a line break begins a part. */
async function isClosing(source: BytesUntil): Promise<boolean> {
  const next = new TextDecoder().decode(await source.take(2));
  if (next === "--") return true;
  if (next === "\r\n") return false;
  throw malformed("A boundary is not followed by a line break.");
}

async function* readPart(source: BytesUntil, delimiter: Uint8Array): AsyncGenerator<MultipartEvent> {
  const head = await collect(source.until(BLANK_LINE), MAX_HEADER_BYTES, "The headers of a part");
  const { name, filename, contentType } = readPartHeaders(head);
  if (filename === undefined) {
    const value = await collect(source.until(delimiter), LIMITS.maxFieldBytes, "A field");
    yield { type: "field", name, value };
    return;
  }
  yield { type: "file", name, filename, contentType };
  for await (const bytes of source.until(delimiter)) yield { type: "chunk", bytes };
  yield { type: "file_end" };
}

async function collect(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  subject: string,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw malformed(`${subject} may have ${maxBytes / 1024} KiB.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function malformed(message: string): MediaError {
  return new MediaError("malformed_multipart", message);
}
