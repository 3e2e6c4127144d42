import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { prepareDatabase } from "../fixtures/app.ts";
import { expectConsistency, expectEnd, expectSteps } from "./invariants.ts";
import { allRows, deleteAllRows } from "./rows.ts";
import { type Action, openWorld } from "./world.ts";

beforeAll(prepareDatabase);

const worker = fc.nat({ max: 3 });

/** What can happen at any time, in any order, by workers that know nothing of each other. */
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      shape: fc.nat({ max: 3 }),
      allowPartial: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("claim" as const), worker }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("finish" as const), worker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("finish again" as const), worker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("finish partly" as const), worker }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("fail" as const),
      worker,
      class: fc.constantFrom("transient" as const, "system" as const, "input" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("renew" as const), worker }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(500, 30_000, 61_000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("sweep" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("cancel" as const, "overdue" as const, "retry" as const, "retry" as const),
      job: fc.nat({ max: 2 }),
    }),
  },
);

/** Steps of one round happen at once. */
const rounds = fc.array(fc.array(action, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 6 });

describe("whatever the order of what happens to jobs", () => {
  it("each ends once, nothing is done twice, and nothing is forgotten", { timeout: 240_000 }, async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(rounds, async (history) => {
        await deleteAllRows();
        const world = openWorld();
        await world.step({ do: "submit", shape: history.length % 4, allowPartial: history.length % 2 === 0 });
        let before = await allRows();
        for (const round of history) {
          await Promise.all(round.map((each) => world.step(each)));
          const after = await allRows();
          expectSteps(before, after);
          expectConsistency(after, world.answers);
          before = after;
        }
        await world.workToTheEnd();
        const end = await allRows();
        expectConsistency(end, world.answers);
        expectEnd(end);
        for (const { outcome } of end.attempts) seen.add(outcome);
        for (const { status } of end.jobs) seen.add(status);
        if (end.jobRuns.length > 0) seen.add("retried");
        if (end.outputFailures.length > 0) seen.add("partly");
      }),
      { numRuns: 300 },
    );
    // The histories must have met every ending, or they show nothing.
    expect([...seen].toSorted((a, b) => a.localeCompare(b))).toEqual([
      "cancelled",
      "completed",
      "done",
      "failed",
      "lost",
      "partly",
      "retried",
    ]);
  });
});
