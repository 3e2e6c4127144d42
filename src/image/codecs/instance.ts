/**
 * The most memory that the idle instances of all codecs may keep together, bytes.
 *
 * WASM memory never shrinks, so it seems right to drop an instance that a large picture has grown. It is not: the
 * runtime does not see the memory of a dropped instance as a reason to collect garbage, and dropping after each of
 * twelve pictures left 1.4 GB behind where reuse stayed level. So instances are kept, and the planner counts all of
 * them; only when pictures of many kinds have grown many codecs are the largest let go.
 */
export const MAX_KEPT_BYTES = 104 * 1024 * 1024;

interface CodecInstance {
  /** Bytes of linear memory that the instance holds now. */
  memoryBytes(): number;
}

/** A codec that is made when first used, and again after it failed or was let go. */
export interface Codec<T extends CodecInstance> {
  /** Runs one synchronous piece of work. An instance that threw is in an unknown state and is not used again. */
  use<R>(work: (instance: T) => R): Promise<R>;
}

/** Instances that are ready, and how to forget each. */
const kept = new Map<CodecInstance, () => void>();

export function keepCodec<T extends CodecInstance>(create: () => Promise<T>): Codec<T> {
  let current: Promise<T> | undefined;
  return {
    async use(work) {
      current ??= create();
      const using = current;
      const forget = () => {
        if (current === using) current = undefined;
      };
      const instance = await using.catch((thrown: unknown) => {
        forget();
        throw thrown;
      });
      kept.set(instance, forget);
      try {
        return work(instance);
      } catch (thrown) {
        kept.delete(instance);
        forget();
        throw thrown;
      } finally {
        letLargestGo();
      }
    },
  };
}

/** What the instances of all codecs hold together, bytes. */
export function codecMemoryBytes(): number {
  return [...kept.keys()].reduce((sum, instance) => sum + instance.memoryBytes(), 0);
}

function letLargestGo(): void {
  const bySize = [...kept].sort(([a], [b]) => b.memoryBytes() - a.memoryBytes());
  let total = codecMemoryBytes();
  for (const [instance, forget] of bySize) {
    if (total <= MAX_KEPT_BYTES) return;
    total -= instance.memoryBytes();
    kept.delete(instance);
    forget();
  }
}
