/**
 * Feeds a stream to a byte machine: `step` looks at one byte and says how many of the following it does not need to
 * see, which are then skipped without a call, across chunks.
 *
 * @param skipFirst bytes to skip before the first step
 * @returns `push`, and `owed`: bytes still to be skipped, 0 when the stream ended where a step was due
 */
export function walkBytes(skipFirst: number, step: (byte: number) => number) {
  let skip = skipFirst;
  return {
    push(chunk: Uint8Array): void {
      let at = 0;
      while (at < chunk.length) {
        const skipped = Math.min(skip, chunk.length - at);
        at += skipped;
        skip -= skipped;
        const byte = chunk[at++];
        if (byte !== undefined) skip = step(byte);
      }
    },
    owed: () => skip,
  };
}
