/** Read at once; a stream that is left to itself gives 4 KiB, and a step of ours for each costs more than its bytes. */
const CHUNK_BYTES = 64 * 1024;

/** The bytes of a stream as they arrive, in chunks of at most 64 KiB where it can fill a buffer of ours. */
export async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = fillingReader(body);
  if (!reader) return yield* body;
  try {
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(CHUNK_BYTES));
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/** Undefined for a stream that is not one of bytes: what scripts make, unlike what arrives. */
function fillingReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
