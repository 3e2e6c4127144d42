import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readRunRecord } from "../../../src/local/run-record.ts";
import { type Stack, startStack } from "../../../src/local/stack.ts";
import { multipartBody, postAll } from "./post-all.ts";
import { processorSeconds } from "./processor-time.ts";

/** What a service did with a burst of photos. */
export interface Burst {
  /** From the first byte sent to the last result stored, s. */
  wallSeconds: number;
  /** Of everything the service is made of, during that time. */
  cpuSeconds: number;
  /** From the first byte of each photo sent to its result stored, ms. */
  latenciesMs: number[];
  /** Photos that were accepted and have no result. */
  lost: number;
}

export const AT_ONCE = 64;
const WARM_UPS = 20;
const LOOK_EVERY_MS = 1_000;
const GIVE_UP_MS = 180_000;
const BOUNDARY = "darkroom-bench";

/** Submits photos to a fresh instance over HTTP, many at once, and waits until each has its thumbnail. */
export async function burstThroughDarkroom(photos: readonly Uint8Array[]): Promise<Burst> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-burst-"));
  const stack = await startStack({ stateDir: join(dir, "state"), transcoder: "process" });
  try {
    const bodies = bodiesOf(photos);
    await submitBurst(stack, bodies.slice(0, WARM_UPS));
    return await submitBurst(stack, bodies.slice(WARM_UPS));
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A request for the thumbnail of each photo. */
export function bodiesOf(photos: readonly Uint8Array[]): Uint8Array[] {
  const fields = { output_specifications: '[{"preset":"thumbnail"}]' };
  return photos.map((photo) => multipartBody(BOUNDARY, fields, photo));
}

/** Submits to an instance that runs, and waits for the last result. */
export async function submitBurst(
  stack: Stack,
  bodies: readonly Uint8Array[],
  { lookEveryMs = LOOK_EVERY_MS } = {},
): Promise<Burst> {
  const { wrangler = 0, transcoder = 0 } = readRunRecord(stack.stateDir).children;
  const startedAtMs = Date.now();
  const cpuBefore = processorSeconds([wrangler, transcoder]);
  const posted = await postAll({
    url: new URL("/v1/jobs", stack.url),
    headers: {
      Authorization: `Bearer ${stack.key}`,
      "Content-Type": `multipart/form-data; boundary=${BOUNDARY}`,
    },
    bodies,
    atOnce: AT_ONCE,
  });
  await untilIdle(stack, lookEveryMs);
  const cpuSeconds = processorSeconds([wrangler, transcoder]) - cpuBefore;
  const endedAtMs = await endsOf(stack, new Set(posted.map(({ answer }) => String(answer.job_id))));
  const latenciesMs = posted.flatMap(({ sentAtMs, answer }) => {
    const endMs = endedAtMs.get(String(answer.job_id));
    return endMs === undefined ? [] : [endMs - sentAtMs];
  });
  const wallSeconds = (Math.max(...endedAtMs.values()) - startedAtMs) / 1000;
  return { wallSeconds, cpuSeconds, latenciesMs, lost: bodies.length - latenciesMs.length };
}

/** A look costs two short lists, however many jobs there are. */
async function untilIdle(stack: Stack, lookEveryMs: number): Promise<void> {
  for (const giveUpAtMs = Date.now() + GIVE_UP_MS; Date.now() < giveUpAtMs; await wait(lookEveryMs)) {
    const open = await Promise.all(
      ["pending", "processing"].map((status) => list(stack, `status=${status}&limit=1`)),
    );
    if (open.every(({ jobs }) => jobs.length === 0)) return;
  }
}

/** When each of these jobs completed. */
async function endsOf(stack: Stack, wanted: ReadonlySet<string>): Promise<Map<string, number>> {
  const ends = new Map<string, number>();
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page = await list(stack, `status=completed&limit=100${cursor && `&cursor=${cursor}`}`);
    for (const job of page.jobs) {
      if (wanted.has(job.job_id) && job.finished_at) ends.set(job.job_id, Date.parse(job.finished_at));
    }
    cursor = page.next_cursor;
  }
  return ends;
}

interface Page {
  jobs: { job_id: string; finished_at: string | null }[];
  next_cursor: string | null;
}

async function list({ url, key }: Stack, query: string): Promise<Page> {
  const response = await fetch(`${url}/v1/jobs?${query}`, { headers: { Authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`The list of jobs answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Page;
}
