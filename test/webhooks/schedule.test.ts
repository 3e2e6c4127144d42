import { describe, expect, it } from "vitest";
import { EVENT_TYPES, type EventType } from "../../src/schema/webhooks.ts";
import { type AttemptResult, decideDelivery, RETRIES, retryAfterMs } from "../../src/webhooks/schedule.ts";

const NOW_MS = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;
const MIDDLE = 0.5;

const answer = (status: number, retryAfter?: string): AttemptResult => ({
  answered: true,
  status,
  retryAfter,
});
const silence = (error: "timeout" | "network" | "unresolved" | "refused"): AttemptResult => ({
  answered: false,
  error,
});

/** The delays in minutes until a type is given up, when nothing ever answers. */
function delays(type: EventType, random: number): number[] {
  const minutes: number[] = [];
  for (;;) {
    const decision = decideDelivery(type, minutes.length, silence("timeout"), NOW_MS, random);
    if (decision.next !== "retry") return minutes;
    minutes.push(decision.delayMs / 60_000);
  }
}

describe("a delivery that fails", () => {
  it.each<[EventType, number[]]>([
    ["job.started", [1, 2, 4, 8, 16]],
    ["job.retry", [1, 2, 4, 8, 16]],
    ["media.ready", [1, 2, 4, 8, 16]],
    ["job.completed", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]],
    ["job.failed", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]],
    ["job.cancelled", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]],
    ["job.progress", []],
    ["webhook.ping", []],
  ])("of %s is tried again after %j minutes", (type, minutes) => {
    expect(delays(type, MIDDLE)).toEqual(minutes);
  });

  it("is spread by a fifth either way, and given up within a day", () => {
    expect(delays("job.started", 0)[0]).toBeCloseTo(0.8);
    expect(delays("job.started", 0.999_999)[0]).toBeCloseTo(1.2);
    for (const type of EVENT_TYPES) {
      const sum = delays(type, 0.999_999).reduce((total, minutes) => total + minutes, 0);
      expect(sum * 60_000).toBeLessThan(DAY_MS);
    }
  });
});

describe("an answer", () => {
  it.each([200, 201, 202, 204, 299])("of %i is success", (status) => {
    expect(decideDelivery("job.completed", 0, answer(status), NOW_MS, MIDDLE)).toEqual({ next: "delivered" });
  });

  it.each([301, 302, 303, 304, 307, 308, 408, 429, 500, 502, 503, 504, 599])(
    "of %i is tried again",
    (status) => {
      expect(decideDelivery("job.completed", 0, answer(status), NOW_MS, MIDDLE).next).toBe("retry");
      const last = RETRIES["job.completed"];
      expect(decideDelivery("job.completed", last, answer(status), NOW_MS, MIDDLE).next).toBe("failed");
      expect(decideDelivery("job.progress", 0, answer(status), NOW_MS, MIDDLE).next).toBe("failed");
    },
  );

  it.each([400, 401, 403, 404, 405, 409, 413, 415, 422, 451, 499])("of %i is final", (status) => {
    expect(decideDelivery("job.completed", 0, answer(status), NOW_MS, MIDDLE).next).toBe("failed");
  });

  it("of 410 wants no more of anything", () => {
    expect(decideDelivery("job.progress", 0, answer(410), NOW_MS, MIDDLE)).toEqual({ next: "gone" });
  });

  it("that does not come is tried again, unless nothing was sent on purpose", () => {
    for (const error of ["timeout", "network", "unresolved"] as const) {
      expect(decideDelivery("job.completed", 0, silence(error), NOW_MS, MIDDLE).next).toBe("retry");
    }
    expect(decideDelivery("job.completed", 0, silence("refused"), NOW_MS, MIDDLE).next).toBe("failed");
  });
});

describe("Retry-After", () => {
  const inTwoMinutes = new Date(NOW_MS + 120_000).toUTCString();

  it.each<[number, string | undefined, number | undefined]>([
    [429, "30", 30_000],
    [503, " 7 ", 7_000],
    [429, inTwoMinutes, 120_000],
    [503, "0", 1_000],
    [503, "999999999", DAY_MS],
    [429, new Date(NOW_MS - 5).toUTCString(), 1_000],
    [429, "soon", undefined],
    [429, undefined, undefined],
    [500, "30", undefined],
    [408, "30", undefined],
  ])("of %i with %j is %j ms", (status, retryAfter, expected) => {
    expect(retryAfterMs({ status, retryAfter }, NOW_MS)).toBe(expected);
  });

  it("takes the place of the schedule, and is never cut short", () => {
    for (const random of [0, MIDDLE, 0.999]) {
      const decision = decideDelivery("job.completed", 3, answer(503, "30"), NOW_MS, random);
      expect(decision).toMatchObject({ next: "retry" });
      const { delayMs } = decision as { delayMs: number };
      expect(delayMs).toBeGreaterThanOrEqual(30_000);
      expect(delayMs).toBeLessThanOrEqual(36_000);
    }
  });
});
