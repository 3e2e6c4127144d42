import { drizzle } from "drizzle-orm/d1";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { runShipTask } from "../../src/processing/ship-task.ts";
import { outputs } from "../../src/schema/outputs.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, failure, START_MS, submit } from "../fixtures/jobs.ts";
import { destination, HTTP, takeIn } from "./shipping.ts";

const SEGMENTS = 9;
const AGAIN = { retry: true, delayMs: 0, counted: true } as const;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);
afterEach(() => vi.restoreAllMocks());

const context = { env: testEnv, bucket: testEnv.MEDIA, checkpoint() {}, report: async () => {} };

/** A job whose only task ships a stream of nine segments and two playlists. */
async function streamToShip(): Promise<void> {
  const destinationId = await destination(HTTP);
  const spec = { output: "stream", destinationId, destinationName: HTTP.name };
  const { job, tasks } = await submit({ tasks: [{ kind: "ship", lane: "io", spec }] });
  const [playlists, segments] = ["tsk_package.1", "tsk_chunk.1"];
  const put = (path: string) => testEnv.MEDIA.put(`outputs/${job.id}/${path}`, path);
  for (let n = 1; n <= SEGMENTS; n++) await put(`${segments}/0000${n}.m4s`);
  for (const name of ["master.m3u8", "video.m3u8"]) await put(`${playlists}/${name}`);
  await makeOutput(job.id, tasks[0]?.id ?? "", "out_1");
}

async function makeOutput(jobId: string, taskId: string, id: string): Promise<void> {
  const file = { type: "application/vnd.apple.mpegurl", bytes: 100, sha256: "ab", createdAt: START_MS };
  const objectKey = `outputs/${jobId}/tsk_package.1/master.m3u8`;
  const tree = ["tsk_package.1", "tsk_chunk.1"];
  await drizzle(testEnv.DB)
    .insert(outputs)
    .values({ id, jobId, taskId, name: "stream", objectKey, tree, ...file });
}

/** Makes an attempt that fails as the receiver does; gives how many files it took in. */
async function attempt(accepts: number, nowMs = START_MS): Promise<number> {
  vi.restoreAllMocks();
  const taken = takeIn((_, count) => new Response(null, { status: count <= accepts ? 200 : 503 }));
  const claimed = await claimOne(nowMs, "io");
  const outcome = await runShipTask(claimed, context).catch((error: unknown) => error);
  if (!(outcome instanceof Error)) return taken.length;
  await failTask(testEnv.DB, claimed.lease, failure("dependency"), AGAIN, START_MS);
  return Math.min(accepts, taken.length);
}

it("a stream is shipped on from where its receiver failed, playlists last", async () => {
  await streamToShip();
  expect(await attempt(6)).toBe(6);
  vi.restoreAllMocks();
  const taken = takeIn(() => new Response());
  const claimed = await claimOne(START_MS, "io");
  const { result } = await runShipTask(claimed, context);
  expect(result).toMatchObject({ outputId: "out_1", files: SEGMENTS + 2 });
  // Four at once: of the second four two had arrived, which come again under the same id.
  expect(taken).toHaveLength(SEGMENTS + 2 - 4);
  const last = new TextDecoder().decode(taken.at(-1)?.body);
  expect(last).toContain(".m3u8");
});

it("it goes on after an explicit retry too", async () => {
  await streamToShip();
  await attempt(8);
  const claimed = await claimOne(START_MS, "io");
  const final = { retry: false, reason: "exhausted" } as const;
  await failTask(testEnv.DB, claimed.lease, failure("dependency"), final, START_MS);
  expect(await retryJob(testEnv.DB, claimed.job.id, START_MS + 1)).toMatchObject({ retried: true });
  expect(await attempt(100, START_MS + 1)).toBe(SEGMENTS + 2 - 8);
});

it("an output that was made anew is not taken for what was shipped", async () => {
  await streamToShip();
  await attempt(8);
  await testEnv.DB.prepare("UPDATE outputs SET id = 'out_2'").run();
  expect(await attempt(100)).toBe(SEGMENTS + 2);
});
