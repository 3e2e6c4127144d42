import { MediaError } from "../errors.ts";
import { chunksOf } from "./chunks-of.ts";

/** A stream of bytes that is read from one delimiter to the next, wherever its chunks happen to be cut. */
export interface BytesUntil {
  /** The bytes before the delimiter, as they arrive; the delimiter itself is passed over. */
  until(delimiter: Uint8Array): AsyncGenerator<Uint8Array, void>;
  /** Exactly so many bytes. */
  take(count: number): Promise<Uint8Array>;
  /** Reads no further, but for a little that is on its way: a sender that is cut off in mid-word does not hear why. */
  close(): Promise<void>;
}

/** What is still taken in after the answer is known: about what a sender has in flight. */
const MAX_DRAINED_BYTES = 4 * 1024 * 1024;
const MAX_DRAIN_MS = 2_000;

/**
 * @param first bytes to be read before those of the body
 * @throws MediaError `malformed_multipart` from `until` and `take` when the body ends before what they wait for.
 */
export function createBytesUntil(body: ReadableStream<Uint8Array>, first: Uint8Array): BytesUntil {
  const chunks = chunksOf(body);
  let held = first;

  async function hold(): Promise<void> {
    const next = await chunks.next();
    if (next.done) {
      throw new MediaError(
        "malformed_multipart",
        "The body ended before its closing boundary: it was cut off, or the boundary is wrong.",
      );
    }
    held = held.length === 0 ? next.value : joined(held, next.value);
  }

  return {
    async *until(delimiter) {
      for (;;) {
        const at = Buffer.from(held.buffer, held.byteOffset, held.length).indexOf(delimiter);
        // The end of what is held may be the start of the delimiter.
        const certain = at >= 0 ? at : held.length - delimiter.length + 1;
        const before = held.subarray(0, Math.max(0, certain));
        held = held.subarray(before.length + (at >= 0 ? delimiter.length : 0));
        if (before.length > 0) yield before;
        if (at >= 0) return;
        await hold();
      }
    },
    async take(count) {
      while (held.length < count) await hold();
      const taken = held.subarray(0, count);
      held = held.subarray(count);
      return taken;
    },
    async close() {
      const timer = Promise.withResolvers<void>();
      const timeout = setTimeout(timer.resolve, MAX_DRAIN_MS);
      // A sender that has gone away is past hearing anything: how its body fails changes nothing.
      await Promise.race([drain(chunks).catch(() => undefined), timer.promise]);
      clearTimeout(timeout);
      // Not waited for: it comes after the chunk that a silent sender still owes.
      void chunks.return?.().catch(() => undefined);
    },
  };
}

async function drain(chunks: AsyncIterator<Uint8Array>): Promise<void> {
  for (let drained = 0; drained < MAX_DRAINED_BYTES; ) {
    const next = await chunks.next();
    if (next.done) return;
    drained += next.value.length;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
