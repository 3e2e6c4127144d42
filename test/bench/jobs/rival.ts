import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue } from "bullmq";
import { freePort } from "../../../src/local/ports.ts";
import { type Child, startChild, stopChild } from "../../../src/local/processes.ts";
import { AT_ONCE, type Burst } from "./burst.ts";
import { postAll } from "./post-all.ts";
import { processorSeconds } from "./processor-time.ts";

const GIVE_UP_MS = 120_000;
const WARM_UPS = 20;

/** Whether there is a Redis to compare with on this machine. */
export function hasRedis(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/**
 * The same burst through what is used today: an HTTP server that stores the photo and queues a job in BullMQ, Redis
 * that appends every command to disk, and one worker process with sharp.
 */
export async function burstThroughBullmq(photos: readonly Uint8Array[]): Promise<Burst> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-rival-"));
  const rival = await startRival(dir);
  const queue = new Queue("photos", { connection: { host: "127.0.0.1", port: rival.redisPort } });
  try {
    await submit(rival, queue, photos.slice(0, WARM_UPS));
    return await submit(rival, queue, photos.slice(WARM_UPS));
  } finally {
    await queue.close();
    await rival.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Rival {
  url: URL;
  redisPort: number;
  pids: number[];
  stop(): Promise<void>;
}

async function startRival(dir: string): Promise<Rival> {
  const folder = join(dir, "photos");
  mkdirSync(folder);
  const redisPort = await freePort();
  const options = [
    "--port",
    String(redisPort),
    "--bind",
    "127.0.0.1",
    "--dir",
    dir,
    "--appendonly",
    "yes",
    "--save",
    "",
  ];
  const redis = await startUntil(dir, "redis", "redis-server", options, /Ready to accept connections/);
  const script = (name: string) => [
    new URL(`./${name}`, import.meta.url).pathname,
    String(redisPort),
    folder,
  ];
  const worker = await startUntil(dir, "worker", process.execPath, script("rival-worker.ts"), /ready/);
  const api = await startUntil(dir, "api", process.execPath, script("rival-api.ts"), /^\d+$/);
  const children = [api.child, worker.child, redis.child];
  return {
    url: new URL(`http://127.0.0.1:${api.line}/`),
    redisPort,
    pids: children.map(({ pid }) => pid),
    stop: async () => void (await Promise.all(children.map((child) => stopChild(child, 2_000)))),
  };
}

/** Resolves with the line by which the program says that it is ready. */
async function startUntil(dir: string, name: string, command: string, args: string[], said: RegExp) {
  const ready = Promise.withResolvers<string>();
  const logPath = join(dir, `${name}.log`);
  const onLine = (line: string) => said.test(line) && ready.resolve(line);
  const child: Child = startChild({ name, command, args, cwd: dir, env: {}, logPath, onLine });
  void child.ended.then(() => ready.reject(new Error(`${name} ended before it was ready`)));
  return { child, line: await ready.promise };
}

async function submit(rival: Rival, queue: Queue, photos: readonly Uint8Array[]): Promise<Burst> {
  const startedAtMs = Date.now();
  const cpuBefore = processorSeconds(rival.pids);
  const headers = { "Content-Type": "image/jpeg" };
  const posted = await postAll({ url: rival.url, headers, bodies: photos, atOnce: AT_ONCE });
  await untilIdle(queue);
  const cpuSeconds = processorSeconds(rival.pids) - cpuBefore;
  const done = await queue.getJobs(["completed"], 0, -1);
  const finished = new Map(done.map(({ id, finishedOn }) => [String(id), finishedOn ?? 0]));
  const ends = posted.map(({ sentAtMs, answer }) => ({
    sentAtMs,
    endMs: finished.get(String(answer.job_id)),
  }));
  const latenciesMs = ends.flatMap(({ sentAtMs, endMs }) => (endMs === undefined ? [] : [endMs - sentAtMs]));
  const wallSeconds = (Math.max(...ends.map(({ endMs }) => endMs ?? 0)) - startedAtMs) / 1000;
  return { wallSeconds, cpuSeconds, latenciesMs, lost: photos.length - latenciesMs.length };
}

async function untilIdle(queue: Queue): Promise<void> {
  for (const giveUpAtMs = Date.now() + GIVE_UP_MS; Date.now() < giveUpAtMs; ) {
    const counts = await queue.getJobCounts("waiting", "active", "delayed");
    if (Object.values(counts).every((count) => count === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
