import { readFileSync } from "node:fs";
import { unstable_startWorker } from "wrangler";
import type { ClaimTimings } from "./claims-worker.ts";
import { percentile, type Row } from "./row.ts";

const SHALLOW = 100;
const DEPTHS = [SHALLOW, 10_000, 100_000];
const SAMPLES = 300;
/** p95 at 10,000 ready tasks against p95 at 100. */
const GOAL_RATIO = 1.2;

/**
 * How long it takes to accept a job and to claim a task, with more and more tasks ready: one call after another on
 * the local D1, timed inside the runtime. The reference of each row is the same call at the smallest depth.
 */
export async function measureClaims(): Promise<Row[]> {
  const timings = new Map<number, ClaimTimings>();
  for (const depth of DEPTHS) timings.set(depth, await measureAt(depth));
  return DEPTHS.flatMap((depth) => rowsOf(depth, timings));
}

function rowsOf(depth: number, timings: ReadonlyMap<number, ClaimTimings>): Row[] {
  return (["accept", "claim"] as const).flatMap((call) =>
    [0.5, 0.95].map((share): Row => {
      const ours = percentile(timings.get(depth)?.[call] ?? [], share);
      const reference = percentile(timings.get(SHALLOW)?.[call] ?? [], share);
      return {
        case: `${call}, ${depth} tasks ready`,
        metric: `p${share * 100} ms of ${SAMPLES}`,
        ours: round(ours),
        reference: round(reference),
        ratio: round(ours / reference),
        goal: depth === 10_000 && share === 0.95 ? GOAL_RATIO : null,
        better: "lower",
      };
    }),
  );
}

/** A fresh database in a runtime of its own. */
async function measureAt(depth: number): Promise<ClaimTimings> {
  // Wrangler would look for the details of a real request over the network.
  process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
  const worker = await unstable_startWorker({
    config: "test/bench/claims.toml",
    dev: {
      persist: false,
      watch: false,
      logLevel: "error",
      server: { hostname: "127.0.0.1", port: 0 },
      inspector: false,
    },
  });
  try {
    const response = await worker.fetch(`http://claims/?depth=${depth}&samples=${SAMPLES}`, {
      method: "POST",
      body: JSON.stringify(migrationStatements()),
    });
    if (!response.ok) throw new Error(`The worker answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as ClaimTimings;
  } finally {
    await worker.dispose();
  }
}

function migrationStatements(): string[] {
  const journal = JSON.parse(readFileSync("migrations/meta/_journal.json", "utf8")) as {
    entries: { tag: string }[];
  };
  return journal.entries.flatMap(({ tag }) =>
    readFileSync(`migrations/${tag}.sql`, "utf8").split("--> statement-breakpoint"),
  );
}

const round = (value: number) => Number(value.toFixed(2));
