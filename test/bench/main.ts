import { mkdtempSync, openAsBlob, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { createDarkroomClient, type DarkroomClient } from "../../src/client/client.ts";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import { startStack } from "../../src/local/stack.ts";
import { percentile, type Row } from "./row.ts";

const RUNS = 20;
const WARM_UPS = 3;
/** Milliseconds from the first byte sent to the job's end, p50. */
const GOAL_MS = 1_000;

/**
 * Submit-to-complete of a 3 MP JPEG's thumbnail on an idle stack, one after another, over the public API. The
 * reference is sharp making the same thumbnail in this process: no network, no storage, no queue.
 */
export async function measureMain(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-bench-"));
  const stack = await startStack({ stateDir: join(dir, "state"), transcoder: "process" });
  try {
    const photo = await makeSamplePhoto(dir);
    const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
    const file = await openAsBlob(photo);
    for (let run = 0; run < WARM_UPS; run += 1) await thumbnail(client, file);
    const ours: number[] = [];
    const reference: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      ours.push(await timed(() => thumbnail(client, file)));
      reference.push(await timed(() => sharp(photo).autoOrient().resize(150, 150).webp().toBuffer()));
    }
    return [0.5, 0.95].map((share) => rowOf(share, percentile(ours, share), percentile(reference, share)));
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function rowOf(share: number, ours: number, reference: number): Row {
  return {
    case: "3 MP JPEG to thumbnail, submit to complete, idle stack",
    metric: `p${share * 100} ms of ${RUNS}`,
    ours: Math.round(ours),
    reference: Math.round(reference),
    ratio: Number((ours / reference).toFixed(2)),
    goal: share === 0.5 ? GOAL_MS : null,
    better: "lower",
  };
}

async function thumbnail(client: DarkroomClient, file: Blob): Promise<void> {
  const accepted = await client.createJob({
    file,
    filename: "dusk.jpg",
    outputs: [{ preset: "thumbnail" }],
    forceNew: true,
  });
  const job = await client.watchJob(accepted.job_id, { token: accepted.watch_token });
  if (job.status !== "completed") throw new Error(`The job ended ${job.status}: ${job.error?.message}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}
