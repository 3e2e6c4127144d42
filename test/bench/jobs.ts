import { measureClaims } from "./claims.ts";
import { processorSecondsOfCalls } from "./jobs/bare.ts";
import { type Burst, burstThroughDarkroom } from "./jobs/burst.ts";
import { measureEstimates } from "./jobs/estimates.ts";
import { measureIdle } from "./jobs/idle.ts";
import { makePhotos } from "./jobs/photos.ts";
import { burstThroughBullmq, hasRedis } from "./jobs/rival.ts";
import { measureRoundTrips } from "./jobs/round-trips.ts";
import { measureSockets } from "./jobs/sockets.ts";
import { measureStorm } from "./jobs/storm.ts";
import { measureWebhooks } from "./jobs/webhooks.ts";
import { percentile, type Row } from "./row.ts";

const PHOTOS = 1_000;
/** What a burst spends on warming up, and does not count. */
const WARM_UPS = 20;
const GOAL_P95_MS = 30_000;

const PARTS = {
  claims: measureClaims,
  idle: async () => measureIdle(await makePhotos(33)),
  trips: async () => measureRoundTrips(await makePhotos(60)),
  estimates: async () => measureEstimates(await makePhotos(12 + 3 * 40)),
  burst: measureBurst,
  sockets: measureSockets,
  webhooks: measureWebhooks,
  storm: measureStorm,
} as const satisfies Record<string, () => Promise<Row[]>>;

/**
 * What jobs cost: the store at depth, an idle stack, the calls of a job, how long they are said to take, a burst beside
 * BullMQ, watchers, webhooks, losses.
 *
 * @param only one part of it, by name.
 */
export async function measureJobs(only?: string): Promise<Row[]> {
  const names = Object.keys(PARTS) as (keyof typeof PARTS)[];
  const wanted = names.filter((name) => only === undefined || name === only);
  if (wanted.length === 0) throw new Error(`There is no part ${only}; there are: ${names.join(", ")}.`);
  const rows: Row[] = [];
  for (const name of wanted) rows.push(...(await PARTS[name]()));
  return rows;
}

/**
 * 1,000 photos to thumbnails over HTTP, ours and BullMQ's in turn, and then what the local runtime takes for the calls
 * of such a job alone.
 */
async function measureBurst(): Promise<Row[]> {
  const photos = await makePhotos(PHOTOS + WARM_UPS);
  const ours = await burstThroughDarkroom(photos);
  if (!hasRedis()) console.error("There is no redis-server on this machine, so the burst has no reference.");
  const theirs = hasRedis() ? await burstThroughBullmq(photos) : undefined;
  const row = (
    metric: string,
    of: (burst: Burst) => number,
    goal: number | null,
    better: Row["better"],
  ): Row => {
    const compared = against(round(of(ours)), theirs && round(of(theirs)));
    return { case: `${PHOTOS} × 1 MP JPEG to 150×150 WebP over HTTP`, metric, ...compared, goal, better };
  };
  const callsMs = ((await processorSecondsOfCalls(photos)) * 1000) / PHOTOS;
  const latency = (share: number) => (burst: Burst) => percentile(burst.latenciesMs, share);
  return [
    row("jobs a second", ({ wallSeconds }) => PHOTOS / wallSeconds, null, "higher"),
    row("jobs a CPU second (goal: ratio 1)", ({ cpuSeconds }) => PHOTOS / cpuSeconds, null, "higher"),
    row("CPU of a job, ms", ({ cpuSeconds }) => (cpuSeconds * 1000) / PHOTOS, null, "lower"),
    {
      case: "The calls of such a job alone, asking nothing, in the same local runtime",
      metric: "CPU, ms (reference: all that a job of BullMQ takes)",
      ...against(round(callsMs), theirs && round((theirs.cpuSeconds * 1000) / PHOTOS)),
      goal: null,
      better: "lower",
    },
    row("cores in use", ({ cpuSeconds, wallSeconds }) => cpuSeconds / wallSeconds, null, "lower"),
    row("submit to stored, p50 ms", latency(0.5), null, "lower"),
    row("submit to stored, p95 ms", latency(0.95), GOAL_P95_MS, "lower"),
    row("submit to stored, p99 ms", latency(0.99), null, "lower"),
    row("lost", ({ lost }) => lost, 0, "lower"),
  ];
}

function against(ours: number, reference: number | undefined): Pick<Row, "ours" | "reference" | "ratio"> {
  return { ours, reference: reference ?? null, ratio: reference ? round(ours / reference) : null };
}

const round = (value: number) => Number(value.toFixed(2));
