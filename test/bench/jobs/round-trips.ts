import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack } from "../../../src/local/stack.ts";
import type { Row } from "../row.ts";
import { bodiesOf, submitBurst } from "./burst.ts";

const WARM_UPS = 10;
const COUNTING_WORKER = new URL("./counting-worker.ts", import.meta.url).pathname;

const BINDINGS = { DB: "D1", JOB_PROGRESS: "progress channel", MEDIA: "R2", EDGE_QUEUE: "queue" };

/** How often an image job calls each binding from its upload to its end: what a round trip costs times this is its price. */
export async function measureRoundTrips(photos: readonly Uint8Array[]): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-trips-"));
  const options = { stateDir: join(dir, "state"), transcoder: "process", entry: COUNTING_WORKER } as const;
  const stack = await startStack(options);
  try {
    const readCounts = async () =>
      (await (await fetch(`${stack.url}/counts`)).json()) as Record<string, number>;
    const bodies = bodiesOf(photos);
    await submitBurst(stack, bodies.slice(0, WARM_UPS));
    await readCounts();
    const jobs = bodies.length - WARM_UPS;
    await submitBurst(stack, bodies.slice(WARM_UPS), { lookEveryMs: 5_000 });
    const counts = await readCounts();
    return Object.entries(BINDINGS).map(([binding, name]): Row => {
      const calls = Object.entries(counts).filter(([call]) => call.startsWith(`${binding}.`));
      const total = calls.reduce((sum, [, count]) => sum + count, 0);
      const ours = Number((total / jobs).toFixed(1));
      const metric = `calls of ${name} a job, mean of ${jobs}`;
      return {
        case: "1 MP JPEG to thumbnail",
        metric,
        ours,
        reference: null,
        ratio: null,
        goal: null,
        better: "lower",
      };
    });
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
