import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDarkroomClient, type DarkroomClient } from "../../../src/client/client.ts";
import type { AcceptedJob } from "../../../src/client/resources.ts";
import { startStack } from "../../../src/local/stack.ts";
import { percentile, type Row } from "../row.ts";

/** Jobs after which an estimate goes by history more than by the formula. */
const LEARNED_FROM = 12;

interface Outcome {
  /** |estimate − actual| ÷ actual. */
  error: number;
  isWithinRange: boolean;
}

/**
 * How far the estimates at submission are from what happens: one job after the other, then many at once, which nobody
 * has seen before, and as many at once again.
 */
export async function measureEstimates(photos: readonly Uint8Array<ArrayBuffer>[]): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-estimates-"));
  const stack = await startStack({ stateDir: join(dir, "state"), transcoder: "process" });
  try {
    const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
    const third = Math.floor((photos.length - LEARNED_FROM) / 3);
    const oneByOne: Outcome[] = [];
    for (const photo of photos.slice(0, LEARNED_FROM + third))
      oneByOne.push(await outcomeOf(client, await send(client, photo)));
    const atOnce = async (some: typeof photos) => {
      const accepted = await Promise.all(some.map((photo) => send(client, photo)));
      return Promise.all(accepted.map((job) => outcomeOf(client, job)));
    };
    const first = await atOnce(photos.slice(-2 * third, -third));
    const second = await atOnce(photos.slice(-third));
    return [
      ...rowsOf("one after the other", oneByOne.slice(LEARNED_FROM)),
      ...rowsOf("at once for the first time", first),
      ...rowsOf("at once again", second),
    ];
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function send(client: DarkroomClient, photo: Uint8Array<ArrayBuffer>): Promise<AcceptedJob> {
  const file = new Blob([photo]);
  return client.createJob({ file, filename: "photo.jpg", outputs: [{ preset: "thumbnail" }] });
}

async function outcomeOf(client: DarkroomClient, accepted: AcceptedJob): Promise<Outcome> {
  const job = await client.watchJob(accepted.job_id, { token: accepted.watch_token });
  const actual = (Date.parse(job.finished_at ?? "") - Date.parse(job.created_at)) / 1000;
  const { estimated_duration: estimate, estimated_range: range } = accepted;
  return {
    error: Math.abs(estimate - actual) / actual,
    isWithinRange: range !== null && range.low <= actual && actual <= range.high,
  };
}

function rowsOf(how: string, outcomes: readonly Outcome[]): Row[] {
  const row = (metric: string, ours: number, better: Row["better"]): Row => ({
    case: `estimated_duration of ${outcomes.length} photos, ${how}`,
    metric,
    ours: Number(ours.toFixed(2)),
    reference: null,
    ratio: null,
    goal: null,
    better,
  });
  const errors = outcomes.map(({ error }) => error);
  const within = outcomes.filter(({ isWithinRange }) => isWithinRange).length;
  return [
    row("|estimate − actual| ÷ actual, p50", percentile(errors, 0.5), "lower"),
    row("|estimate − actual| ÷ actual, p90", percentile(errors, 0.9), "lower"),
    row("share within the range", within / outcomes.length, "higher"),
  ];
}
