import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  admit,
  afterPause,
  afterSuccess,
  BREAKERS,
  type Breaker,
  CLOSED,
  afterFailure as failureOf,
  type Gate,
  OPEN_GATE,
  roomOf as roomIn,
  stateOf,
} from "../src/breaker.ts";

const BREAKER = BREAKERS.webhook;
const afterFailure = (breaker: Breaker, nowMs: number) => failureOf(breaker, BREAKER, nowMs);
const roomOf = (breaker: Breaker, nowMs: number) => roomIn(breaker, BREAKER, nowMs);

const NOW_MS = Date.UTC(2026, 10, 1);

function failing(times: number, everyMs = 1_000): Breaker {
  let breaker = CLOSED;
  for (let n = 0; n < times; n++) breaker = afterFailure(breaker, NOW_MS + n * everyMs);
  return breaker;
}

describe("a breaker", () => {
  it("lets a few through at once while things go well", () => {
    expect(roomOf(CLOSED, NOW_MS)).toBe(BREAKER.concurrent);
    expect(roomOf(failing(9), NOW_MS + 9_000)).toBe(BREAKER.concurrent);
  });

  it("opens for two minutes at the tenth failure within five", () => {
    const open = failing(10);
    const openedMs = NOW_MS + 9_000;
    expect(roomOf(open, openedMs)).toBe(0);
    expect(roomOf(open, openedMs + 119_999)).toBe(0);
    expect(roomOf(open, openedMs + 120_000)).toBe(1);
  });

  it("does not add up failures that lie further apart, or have a success between them", () => {
    expect(roomOf(failing(30, 34_000), NOW_MS + 30 * 34_000)).toBe(BREAKER.concurrent);
    const recovered = afterSuccess(failing(9), NOW_MS + 9_000);
    expect(roomOf(afterFailure(recovered, NOW_MS + 9_001), NOW_MS + 9_001)).toBe(BREAKER.concurrent);
  });

  it("closes when the trial succeeds, and opens again when it fails", () => {
    const open = failing(10);
    const trialMs = NOW_MS + 9_000 + BREAKER.openMs;
    expect(roomOf(afterSuccess(open, trialMs), trialMs)).toBe(BREAKER.concurrent);
    const again = afterFailure(open, trialMs);
    expect(roomOf(again, trialMs + BREAKER.openMs - 1)).toBe(0);
    expect(roomOf(again, trialMs + BREAKER.openMs)).toBe(1);
  });

  it("is not closed by a success that was under way when it opened", () => {
    const open = failing(10);
    expect(roomOf(afterSuccess(open, NOW_MS + 9_001), NOW_MS + 9_001)).toBe(0);
    expect(afterFailure(open, NOW_MS + 9_001).openUntilMs).toBe(open.openUntilMs);
  });

  it("leaves a target alone that asks for it", () => {
    const paused = afterPause(CLOSED, NOW_MS + 30_000);
    expect(roomOf(paused, NOW_MS + 29_999)).toBe(0);
    expect(roomOf(paused, NOW_MS + 30_000)).toBe(1);
    expect(afterPause(failing(10), NOW_MS).openUntilMs).toBe(failing(10).openUntilMs);
  });
});

describe("whatever succeeds and fails, and when", () => {
  const event = fc.record({ waitMs: fc.nat({ max: 90_000 }), fails: fc.boolean() });
  const kind = fc.constantFrom(...(Object.keys(BREAKERS) as (keyof typeof BREAKERS)[]));

  it("a breaker opens only after its failures, for its time, and then lets one through", () => {
    fc.assert(
      fc.property(kind, fc.array(event, { maxLength: 60 }), (name, events) => {
        const policy = BREAKERS[name];
        let gate: Gate = OPEN_GATE;
        let nowMs = NOW_MS;
        let failed = 0;
        for (const { waitMs, fails } of events) {
          nowMs += waitMs;
          const before = stateOf(gate.breaker, nowMs);
          const answer = admit(gate, 30_000, nowMs);
          expect(answer.admitted).toBe(before !== "open");
          if (!answer.admitted) {
            expect(answer.untilMs).toBeGreaterThan(nowMs);
            continue;
          }
          if (before === "half_open") {
            expect(admit(answer.gate, 30_000, nowMs).admitted).toBe(false);
          }
          failed = fails ? failed + 1 : 0;
          const breaker = fails ? failureOf(gate.breaker, policy, nowMs) : afterSuccess(gate.breaker, nowMs);
          const after = stateOf(breaker, nowMs);
          if (!fails) expect(after).toBe("closed");
          if (before === "half_open" && fails) expect(after).toBe("open");
          if (before === "closed" && after === "open") expect(failed).toBeGreaterThanOrEqual(policy.failures);
          if (after === "open") expect(breaker.openUntilMs).toBe(nowMs + policy.openMs);
          gate = { breaker, trialUntilMs: 0 };
        }
      }),
    );
  });
});
