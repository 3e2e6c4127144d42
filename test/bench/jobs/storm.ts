import { recoveries } from "../../e2e/chaos/recoveries.ts";
import { type Fate, weatherStorm } from "../../e2e/chaos/storm.ts";
import { percentile, type Row } from "../row.ts";

const JOBS = 60;
const GOAL_PERCENT = 99.5;
const RESUMED_WITHIN_MS = 30_000;

/** The storm of the end-to-end tests: what share of the valid files comes out whole, and how soon lost work goes on. */
export async function measureStorm(): Promise<Row[]> {
  const report = await weatherStorm({ jobs: JOBS, losses: 15, workerKills: 2, everyMs: 5_000 });
  const valid = report.fates.filter(({ input }) => "names" in input.ending);
  const whole = valid.filter(isWhole).length - report.undecodable.length;
  const waitsMs = recoveries(report).map(({ afterMs }) => afterMs);
  const name = `${JOBS} mixed jobs through ${report.losses.length} losses, lost messages and failing storage`;
  const row = (metric: string, ours: number, goal: number, better: Row["better"]): Row => {
    return { case: name, metric, ours, reference: null, ratio: null, goal, better };
  };
  return [
    row(
      "valid files that came out whole, %",
      Number(((100 * whole) / valid.length).toFixed(1)),
      GOAL_PERCENT,
      "higher",
    ),
    row(
      `work that was lost goes on after, max ms of ${waitsMs.length}`,
      percentile(waitsMs, 1),
      RESUMED_WITHIN_MS,
      "lower",
    ),
  ];
}

function isWhole({ input: { ending }, job }: Fate): boolean {
  return "names" in ending && job?.outputs.map(({ name }) => name).join() === ending.names.join();
}
