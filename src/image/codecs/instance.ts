/**
 * The largest memory that an idle instance may keep, bytes. WASM memory never shrinks, and five codecs share an isolate
 * of 128 MB: an instance that one large picture has grown past this is dropped, and the next picture makes a new one
 * (about 1 ms, the module itself stays compiled).
 */
export const MAX_KEPT_BYTES = 24 * 1024 * 1024;

interface CodecInstance {
  /** Bytes of linear memory that the instance holds now. */
  memoryBytes(): number;
}

/** A codec that is made when first used, and again after it failed or grew too large. */
export interface Codec<T extends CodecInstance> {
  /** Runs one synchronous piece of work. An instance that threw is in an unknown state and is not used again. */
  use<R>(work: (instance: T) => R): Promise<R>;
  /** Forgets the instance, so that its memory can be collected. */
  drop(): void;
}

export function keepCodec<T extends CodecInstance>(create: () => Promise<T>): Codec<T> {
  let kept: Promise<T> | undefined;
  const drop = () => {
    kept = undefined;
  };
  return {
    drop,
    async use(work) {
      kept ??= create();
      try {
        const instance = await kept;
        const result = work(instance);
        if (instance.memoryBytes() > MAX_KEPT_BYTES) drop();
        return result;
      } catch (thrown) {
        drop();
        throw thrown;
      }
    },
  };
}
