import type { TokenLease } from "./budget.ts";

/** Requests that this isolate may let through for a key without asking anybody. */
interface Held {
  tokens: number;
  /** What the budget had left when it was asked. */
  remaining: number;
  fullAtMs: number;
  /** Nothing is to be had before. */
  refusedUntilMs: number;
  askedAtMs: number;
  /** How many were leased last. */
  chunk: number;
  asking: Promise<void> | undefined;
}

export type Admission = { allowed: boolean; remaining: number; fullInSeconds: number; waitSeconds: number };

const FIRST_CHUNK = 5;
const LARGEST_CHUNK = 100;
/** One that is used up faster asks for twice as many. */
const FAST_MS = 10_000;
/** What was not used by then is not used: the key may be asked for elsewhere. */
const LEASE_MS = 60_000;
/** Keys that are remembered; beyond them the oldest begin anew. */
const MOST_KEYS = 1_000;

/**
 * The leases of one isolate. They hold no budget of their own: every request that is let through was counted by the
 * budget's object before, in chunks of at most a second's worth.
 */
export function createTokenLeases() {
  const held = new Map<string, Held>();

  /**
   * Lets a request of a key through, or not.
   *
   * @param lease asks the budget for so many
   */
  async function admit(
    keyId: string,
    perMinute: number,
    lease: (wanted: number) => Promise<TokenLease>,
    now: () => number,
  ): Promise<Admission> {
    const own = heldBy(keyId);
    for (;;) {
      const nowMs = now();
      if (nowMs >= own.askedAtMs + LEASE_MS) own.tokens = 0;
      if (own.tokens > 0) {
        own.tokens--;
        return answer(own, true, nowMs);
      }
      if (nowMs < own.refusedUntilMs) return answer(own, false, nowMs);
      // Whoever comes meanwhile waits for the same lease.
      own.asking ??= ask(own, perMinute, lease, nowMs).finally(() => {
        own.asking = undefined;
      });
      await own.asking;
    }
  }

  function heldBy(keyId: string): Held {
    const known = held.get(keyId);
    if (known) return known;
    const oldest = held.size >= MOST_KEYS ? held.keys().next().value : undefined;
    if (oldest !== undefined) held.delete(oldest);
    const fresh = {
      tokens: 0,
      remaining: 0,
      fullAtMs: 0,
      refusedUntilMs: 0,
      askedAtMs: 0,
      chunk: 0,
      asking: undefined,
    };
    held.set(keyId, fresh);
    return fresh;
  }

  return { admit };
}

async function ask(
  own: Held,
  perMinute: number,
  lease: (wanted: number) => Promise<TokenLease>,
  nowMs: number,
): Promise<void> {
  const grown = nowMs - own.askedAtMs < FAST_MS ? own.chunk * 2 : FIRST_CHUNK;
  own.chunk = Math.max(1, Math.min(grown || FIRST_CHUNK, LARGEST_CHUNK, Math.floor(perMinute / 60)));
  const { granted, remaining, fullInSeconds, waitSeconds } = await lease(own.chunk);
  own.askedAtMs = nowMs;
  own.tokens = granted;
  own.remaining = remaining;
  own.fullAtMs = nowMs + fullInSeconds * 1_000;
  own.refusedUntilMs = granted > 0 ? 0 : nowMs + waitSeconds * 1_000;
}

function answer(own: Held, allowed: boolean, nowMs: number): Admission {
  const seconds = (untilMs: number) => Math.max(0, Math.ceil((untilMs - nowMs) / 1_000));
  return {
    allowed,
    remaining: own.remaining + own.tokens,
    fullInSeconds: seconds(own.fullAtMs),
    waitSeconds: seconds(own.refusedUntilMs),
  };
}
