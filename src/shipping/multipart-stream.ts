import type { Parcel } from "./parcel.ts";

/** A body whose length is known before it is sent. */
export interface SizedBody {
  type: string;
  /** All of it, bytes. */
  bytes: number;
  stream(file: ReadableStream<Uint8Array>): ReadableStream<Uint8Array>;
}

/**
 * multipart/form-data (RFC 7578) of some fields and then the file, which is passed through as it is read.
 *
 * @param boundary must not occur in what is sent: make it of random characters
 */
export function multipartBody(
  fields: Record<string, string>,
  file: Pick<Parcel, "path" | "type" | "bytes">,
  boundary: string,
): SizedBody {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const filename = file.path.split("/").at(-1);
  const disposition = `form-data; name="file"; filename="${filename}"`;
  const opening = `--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: ${file.type}\r\n\r\n`;
  const encoder = new TextEncoder();
  const head = encoder.encode(parts.join("") + opening);
  const tail = encoder.encode(`\r\n--${boundary}--\r\n`);
  const bytes = head.length + file.bytes + tail.length;
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes,
    stream: (source) => enclosed(head, source, tail, bytes),
  };
}

function enclosed(
  head: Uint8Array,
  source: ReadableStream<Uint8Array>,
  tail: Uint8Array,
  bytes: number,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(bytes);
  void pump(head, source, tail, writable);
  return readable;
}

/** Whoever reads notices when this ends early: a stream of fixed length that is cut short is an error. */
async function pump(
  head: Uint8Array,
  source: ReadableStream<Uint8Array>,
  tail: Uint8Array,
  target: WritableStream<Uint8Array>,
): Promise<void> {
  try {
    await write(target, head);
    await source.pipeTo(target, { preventClose: true });
    await write(target, tail);
    await target.close();
  } catch (reason) {
    await Promise.allSettled([source.cancel(reason), target.abort(reason)]);
  }
}

async function write(target: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = target.getWriter();
  await writer.write(bytes);
  writer.releaseLock();
}
