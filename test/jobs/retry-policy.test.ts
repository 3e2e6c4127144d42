import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FailureClass } from "../../src/errors.ts";
import { BUDGETS, placeAfter, placeFor } from "../../src/jobs/placement.ts";
import { decideRetry, waitForDependency } from "../../src/jobs/retry-policy.ts";
import { PRIORITIES } from "../../src/schema/jobs.ts";
import { LANES, SLOT_SIZES } from "../../src/schema/tasks.ts";

const CLASSES: FailureClass[] = [
  "transient",
  "resource",
  "dependency",
  "codec",
  "system",
  "input",
  "configuration",
];
const anyClass = fc.constantFrom(...CLASSES);
const anyPriority = fc.constantFrom(...PRIORITIES);
const history = fc.record({ countedFailures: fc.nat({ max: 20 }), systemFailures: fc.nat({ max: 20 }) });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const longestMs = 900_000 * 1.3 * 1.5;

describe("whatever fails, however often", () => {
  it("ends after finitely many runs, waits a bounded time, and never runs again what cannot work", () => {
    fc.assert(
      fc.property(anyClass, history, anyPriority, random, (failureClass, past, priority, spread) => {
        const decision = decideRetry(failureClass, past, priority, spread);
        if (failureClass === "input" || failureClass === "configuration") return !decision.retry;
        if (past.countedFailures >= 6 && failureClass !== "system") return !decision.retry;
        if (past.systemFailures >= 9 && failureClass === "system") return !decision.retry;
        if (!decision.retry) return true;
        return (
          decision.delayMs >= 0 &&
          decision.delayMs <= longestMs &&
          decision.counted === (failureClass !== "system")
        );
      }),
    );
  });

  it("urgent work never waits longer than low work", () => {
    fc.assert(
      fc.property(anyClass, history, random, (failureClass, past, spread) => {
        const delays = PRIORITIES.map((priority) => decideRetry(failureClass, past, priority, spread));
        const ms = delays.map((decision) => (decision.retry ? decision.delayMs : 0));
        return ms.every((delay, index) => index === 0 || delay >= (ms[index - 1] ?? 0));
      }),
    );
  });

  it("Retry-After wins over the policy's delay, is never undercut, and does not make a failure retried", () => {
    fc.assert(
      fc.property(anyClass, history, anyPriority, random, fc.nat({ max: 3_600_000 }), (...drawn) => {
        const [failureClass, past, priority, spread, retryAfterMs] = drawn;
        const asked = decideRetry(failureClass, past, priority, spread, { retryAfterMs });
        const own = decideRetry(failureClass, past, priority, spread);
        if (asked.retry !== own.retry) return false;
        if (!asked.retry || failureClass === "system") return true;
        return asked.delayMs >= retryAfterMs && asked.delayMs <= retryAfterMs * 1.3 + 1;
      }),
    );
    const aYear = decideRetry("dependency", { countedFailures: 0, systemFailures: 0 }, "normal", 0, {
      retryAfterMs: 365 * 86_400_000,
    });
    expect(aYear).toMatchObject({ delayMs: 86_400_000 });
  });

  it("shipping has its own policy: five attempts, ten seconds more each time", () => {
    const delays = [0, 1, 2, 3, 4].map((countedFailures) =>
      decideRetry("dependency", { countedFailures, systemFailures: 0 }, "normal", 0.5, { kind: "ship" }),
    );
    expect(delays).toMatchObject([
      { delayMs: 10_000 },
      { delayMs: 20_000 },
      { delayMs: 30_000 },
      { delayMs: 40_000 },
      { retry: false, reason: "exhausted" },
    ]);
  });

  it("what could not be tried waits until it can, and spends nothing", () => {
    expect(waitForDependency(61_000, 1_000, 0)).toEqual({
      retry: true,
      delayMs: 60_000,
      counted: false,
      unspent: true,
    });
    expect(waitForDependency(500, 1_000, 0.5)).toMatchObject({ delayMs: 1_000 });
  });
});

describe("where a task runs", () => {
  const bytes = fc.nat({ max: 20_000_000_000 });
  const lane = fc.constantFrom(...LANES);

  it("is the smallest place that it fits into, or nowhere", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("container-short", "container-long"),
        bytes,
        bytes,
        (at, memoryBytes, diskBytes) => {
          const within = (size: "standard" | "large") =>
            memoryBytes <= BUDGETS[size][at].memoryBytes && diskBytes <= BUDGETS[size][at].diskBytes;
          const expected = within("standard") ? "standard" : within("large") ? "large" : "refused";
          try {
            return placeFor(at, { memoryBytes, diskBytes }).slotSize === expected;
          } catch {
            return expected === "refused";
          }
        },
      ),
    );
  });

  it("says what there is too much of", () => {
    expect(() => placeFor("container-long", { memoryBytes: 8_000_000_001, diskBytes: 0 })).toThrow(
      "about 8.0 GB of memory, and 8 GB are the most",
    );
    expect(() => placeFor("container-long", { memoryBytes: 0, diskBytes: 14e9 })).toThrow("14.0 GB of disk");
  });

  it("goes up after it ran out of something, one place at a time, and never down", () => {
    fc.assert(
      fc.property(lane, fc.constantFrom(...SLOT_SIZES), anyClass, (at, slotSize, failureClass) => {
        const next = placeAfter({ lane: at, slotSize }, failureClass);
        const stays = next.lane === at && next.slotSize === slotSize;
        if (failureClass !== "resource" || at === "io") return stays;
        if (at === "edge") return next.lane === "container-short" && next.slotSize === "standard";
        return next.lane === at && next.slotSize === "large";
      }),
    );
  });
});
