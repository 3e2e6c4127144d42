/** What can happen to jobs: at any time, in any order, by workers that know nothing of each other. */
import fc from "fast-check";
import type { FailureClass } from "../../src/errors.ts";
import { PRIORITIES } from "../../src/schema/jobs.ts";
import { type Action, SHAPES } from "./world.ts";

export interface History {
  /** Steps of one round happen at once. */
  rounds: Action[][];
  /** Decides which of the steps that happen at once comes first, at each of their calls. */
  order: number;
  /** What happens when all has ended and the owner, twice at once, retries every job. */
  regrets: Action[][] | undefined;
  /** Class with which the first job's tasks fail when everything else has calmed down. */
  stubborn: FailureClass | undefined;
}

const CLASSES: FailureClass[] = [
  "transient",
  "resource",
  "dependency",
  "codec",
  "system",
  "input",
  "configuration",
];

const worker = fc.nat({ max: 2 });
const of = <T extends Action["do"]>(name: T) => fc.record({ do: fc.constant(name) });
const byWorker = <T extends Action["do"]>(name: T) => fc.record({ do: fc.constant(name), worker });

const submit = fc.record({
  do: fc.constant("submit" as const),
  shape: fc.constantFrom(...SHAPES),
  priority: fc.constantFrom(...PRIORITIES),
  allowPartial: fc.boolean(),
});

/** Within a lease, past a heartbeat, past a lease, past a backoff, past the deadline; and a clock that is set back. */
const WAITS_MS = [500, 21_000, 61_000, 600_000, 7 * 3_600_000, -5_000];

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: submit },
  { weight: 7, arbitrary: byWorker("claim") },
  { weight: 5, arbitrary: byWorker("finish") },
  { weight: 2, arbitrary: byWorker("finish twice") },
  { weight: 1, arbitrary: byWorker("finish partly") },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("fail" as const), worker, class: fc.constantFrom(...CLASSES) }),
  },
  { weight: 2, arbitrary: byWorker("renew") },
  { weight: 1, arbitrary: byWorker("heartbeat") },
  { weight: 1, arbitrary: byWorker("crash") },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(...WAITS_MS) }) },
  { weight: 1, arbitrary: of("lose tickets") },
  { weight: 1, arbitrary: of("repeat tickets") },
  { weight: 2, arbitrary: of("sweep") },
  { weight: 2, arbitrary: of("alarm") },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), job: fc.nat({ max: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("retry" as const), job: fc.nat({ max: 1 }) }) },
);

const rounds = (minLength: number, maxLength: number) =>
  fc.array(fc.array(action, { minLength: 1, maxLength: 3 }), { minLength, maxLength });

export const history: fc.Arbitrary<History> = fc.record({
  rounds: fc.tuple(submit, rounds(2, 4)).map(([first, rest]) => [[first], ...rest]),
  order: fc.nat(),
  regrets: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: rounds(1, 2) }),
  stubborn: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...CLASSES) },
  ),
});
