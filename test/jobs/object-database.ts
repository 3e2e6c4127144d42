/**
 * A D1 binding over the SQLite of a Durable Object. The local D1 is the same engine in the same kind of object behind
 * an HTTP call; without the call a transition costs a fraction, and which of several calls goes first can be chosen.
 */
import { testEnv } from "../fixtures/app.ts";

/** Waits until this call may go. Batches are atomic, so an order of calls is all that concurrency can differ in. */
export type Turn = () => Promise<void>;

/** The database of an object, migrated; each call of it waits for its turn. */
export function openObjectDatabase(storage: DurableObjectStorage, turn: Turn): D1Database {
  for (const { queries } of testEnv.TEST_MIGRATIONS) for (const query of queries) storage.sql.exec(query);
  const prepare = (query: string, values: unknown[] = []) => ({
    query,
    values,
    bind: (...bound: unknown[]) => prepare(query, bound),
    async first(column: string) {
      await turn();
      return storage.sql.exec(query, ...values).one()[column];
    },
    async all() {
      await turn();
      return { success: true, meta: {}, results: storage.sql.exec(query, ...values).toArray() };
    },
    async raw() {
      await turn();
      return [...storage.sql.exec(query, ...values).raw()];
    },
  });
  const run = ({ query, values }: { query: string; values: unknown[] }) => {
    const results = storage.sql.exec(query, ...values).toArray();
    return { success: true, meta: {}, results };
  };
  return {
    prepare,
    async batch(statements: ReturnType<typeof prepare>[]) {
      await turn();
      return storage.transactionSync(() => statements.map(run));
    },
  } as unknown as D1Database;
}

/** Lets calls go one at a time in an order that depends on nothing but the seed. */
export function turnsBy(seed: number): Turn {
  const random = randomFrom(seed);
  const waiting: (() => void)[] = [];
  let releasing = false;
  async function release(): Promise<void> {
    releasing = true;
    while (waiting.length > 0) {
      await everyoneArrived();
      const [next] = waiting.splice(Math.floor(random() * waiting.length), 1);
      next?.();
    }
    releasing = false;
  }
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (!releasing) void release();
    });
}

/** Between two calls nobody does anything but compute, which takes a few microtasks. */
async function everyoneArrived(): Promise<void> {
  for (let tick = 0; tick < 16; tick++) await Promise.resolve();
}

/** Mulberry32: uniform in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
