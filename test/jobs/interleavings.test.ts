import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { prepareDatabase, testEnv } from "../fixtures/app.ts";
import { expectPolicy } from "./attempt-policy.ts";
import { type History, history } from "./history.ts";
import { expectConsistency, expectEnd, expectSteps } from "./invariants.ts";
import { openObjectDatabase, turnsBy } from "./object-database.ts";
import { allRows, deleteAllRows } from "./rows.ts";
import { openWorld } from "./world.ts";

const { MODEL_RUNS = "5000", MODEL_SEED } = testEnv;
const seed = MODEL_SEED === undefined ? Date.now() % 2 ** 31 : Number(MODEL_SEED);
const RUNS = Number(MODEL_RUNS);
/** On D1 itself, where calls race for real and each takes milliseconds. */
const RUNS_ON_D1 = 50;
const DEADLINE_MS = 60_000 + RUNS * 200;

beforeAll(prepareDatabase);

describe(`whatever the order of what happens to jobs (MODEL_SEED=${seed})`, () => {
  it(`each ends once, nothing is done twice or forgotten: ${RUNS} histories`, {
    timeout: DEADLINE_MS,
  }, async () => {
    const stub = testEnv.JOB_PROGRESS.getByName("the database of the model");
    await runInDurableObject(stub, async (_, { storage }) => {
      let turn = turnsBy(0);
      const d1 = openObjectDatabase(storage, () => turn());
      const endings = new Map<string, number>();
      const live = fc.asyncProperty(history, async (lived) => {
        turn = turnsBy(lived.order);
        await liveThrough(d1, lived, endings);
      });
      await fc.assert(live, { numRuns: RUNS, seed });
      expectEveryEnding(endings);
    });
  });

  it(`the same on D1 itself: ${RUNS_ON_D1} histories`, { timeout: 240_000 }, async () => {
    const live = fc.asyncProperty(history, (lived) => liveThrough(testEnv.DB, lived, new Map()));
    await fc.assert(live, { numRuns: RUNS_ON_D1, seed });
  });
});

/** One history from an empty database to its end, with what must hold after each round. */
async function liveThrough(d1: D1Database, lived: History, endings: Map<string, number>): Promise<void> {
  await deleteAllRows(d1);
  const world = openWorld(d1, lived.stubborn);
  let before = await allRows(d1);
  const observe = async (what: () => Promise<unknown>) => {
    await what();
    const after = await allRows(d1);
    expectSteps(before, after);
    expectConsistency(after, world.answers);
    before = after;
  };
  for (const round of lived.rounds) await observe(() => Promise.all(round.map((each) => world.step(each))));
  await observe(world.calmDown);
  expectEnd(before);
  if (lived.regrets) {
    await observe(() => Promise.all(RETRIES.map((each) => world.step(each))));
    for (const round of lived.regrets)
      await observe(() => Promise.all(round.map((each) => world.step(each))));
    await observe(world.calmDown);
  }
  const end = before;
  expectPolicy(end);
  expectEnd(end);
  const met = [...end.jobs.map(({ status }) => status), ...end.attempts.map(({ outcome }) => outcome)];
  const more = [...end.jobRuns.map(() => "retried"), ...end.outputFailures.map(() => "partly")];
  for (const ending of [...met, ...more]) endings.set(ending, (endings.get(ending) ?? 0) + 1);
}

/** Of every job, twice at once. */
const RETRIES = [0, 1, 0, 1].map((job) => ({ do: "retry", job }) as const);

/** The histories must have met every ending often, or they show nothing. */
function expectEveryEnding(endings: Map<string, number>): void {
  for (const ending of ["completed", "cancelled", "failed", "done", "lost", "retried", "partly"]) {
    expect(endings.get(ending) ?? 0, ending).toBeGreaterThan(RUNS / 50);
  }
}
