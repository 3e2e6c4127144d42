import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readRunRecord } from "../../../src/local/run-record.ts";
import { type Stack, startStack } from "../../../src/local/stack.ts";
import { AT_ONCE } from "./burst.ts";
import { postAll } from "./post-all.ts";
import { processorSeconds } from "./processor-time.ts";

const BARE_WORKER = new URL("./bare-worker.ts", import.meta.url).pathname;
const WARM_UPS = 20;
const GIVE_UP_MS = 120_000;

/**
 * CPU seconds that the local runtime takes for the calls of as many image jobs alone: photos come in over HTTP, are stored,
 * queued, read, and a thumbnail is stored, with four calls of the database that ask nothing. With as many calls no job can cost less there.
 */
export async function processorSecondsOfCalls(photos: readonly Uint8Array[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-bare-"));
  const options = { stateDir: join(dir, "state"), transcoder: "process", entry: BARE_WORKER } as const;
  const stack = await startStack(options);
  try {
    await submit(stack, photos.slice(0, WARM_UPS), WARM_UPS);
    const { wrangler = 0 } = readRunRecord(stack.stateDir).children;
    const cpuBefore = processorSeconds([wrangler]);
    await submit(stack, photos.slice(WARM_UPS), photos.length);
    return processorSeconds([wrangler]) - cpuBefore;
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Sends the photos, and waits until as many have been worked through since the instance began. */
async function submit({ url }: Stack, bodies: readonly Uint8Array[], expected: number): Promise<void> {
  const headers = { "Content-Type": "image/jpeg" };
  await postAll({ url: new URL("/bare", url), headers, bodies, atOnce: AT_ONCE });
  for (const giveUpAtMs = Date.now() + GIVE_UP_MS; Date.now() < giveUpAtMs; await wait(500)) {
    const { done } = (await (await fetch(`${url}/bare/done`)).json()) as { done: number };
    if (done >= expected) return;
  }
  throw new Error(`The local runtime did not work through ${expected} photos in time.`);
}
