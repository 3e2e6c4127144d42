import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { planChunks } from "../../src/video/chunk-plan.ts";
import { planStream } from "../../src/video/stream-plan.ts";
import type { Row } from "./row.ts";
import { handWritten, LADDER, makeSource, oneByOne } from "./video/by-hand.ts";
import { measureHour } from "./video/hour.ts";
import { progressErrors } from "./video/progress-error.ts";
import { openStudio, type Studio } from "./video/studio.ts";

/** Rounds of what is compared, ours and theirs in turn; the best of each counts. */
const ROUNDS = 2;
/** Of the clips, source time. */
const SECONDS = 20;
const SCALING_SECONDS = 12;
const FULL_HD_SECONDS = 8;
const MIB = 1024 * 1024;

const PARTS = {
  ladder: measureLadder,
  scaling: measureScaling,
  "full-hd": measureFullHd,
  hour: measureHour,
} as const satisfies Record<string, (dir: string) => Promise<Row[]>>;

/**
 * A whole ladder by one transcoder against ffmpeg by hand, two transcoders with a core each against one, and 1080p
 * against the clock, and an hour of video through the whole service. Tells each figure as soon as it is known. Three
 * to five minutes on two cores, and some more for the hour.
 *
 * @param only one part of it, by name.
 */
export async function measureVideo(only?: string): Promise<Row[]> {
  const names = Object.keys(PARTS) as (keyof typeof PARTS)[];
  const wanted = names.filter((name) => only === undefined || name === only);
  if (wanted.length === 0) throw new Error(`There is no part ${only}; there are: ${names.join(", ")}.`);
  const dir = mkdtempSync(join(tmpdir(), "darkroom-bench-"));
  try {
    const rows: Row[] = [];
    for (const name of wanted) {
      const measured = await PARTS[name](dir);
      for (const row of measured) console.log(`${name}: ${JSON.stringify(row)}`);
      rows.push(...measured);
    }
    return rows;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measureLadder(dir: string): Promise<Row[]> {
  const source = makeSource(dir, { width: 1280, height: 720, seconds: SECONDS });
  const studio = await openStudio({ FFMPEG_THREADS: String(availableParallelism()) });
  try {
    const best = {
      ours: Number.POSITIVE_INFINITY,
      hand: Number.POSITIVE_INFINITY,
      each: Number.POSITIVE_INFINITY,
    };
    let errors = { progress: 0, remaining: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const run = await studio.run(source, "stream", LADDER);
      if (run.seconds < best.ours) errors = progressErrors(run.reports, run.seconds);
      best.ours = Math.min(best.ours, run.seconds);
      best.hand = Math.min(best.hand, handWritten(dir, source));
      best.each = Math.min(best.each, oneByOne(dir, source));
    }
    const name = `720p30, ${SECONDS} s, ladder of ${LADDER.variants.length}`;
    const row = (
      metric: string,
      reference: number,
      goal: number,
      better: Row["better"],
      ratio: number,
    ): Row => ({
      ...{ case: name, metric, ours: round(best.ours), reference: round(reference) },
      ...{ ratio: round(ratio), goal, better },
    });
    return [
      row("s, one ffmpeg by hand; ratio to it", best.hand, 1.05, "lower", best.ours / best.hand),
      row("s, one ffmpeg a rendition; times faster", best.each, 1.3, "higher", best.each / best.ours),
      figure(name, "progress error, mean, percentage points", errors.progress * 100, null),
      figure(name, "remaining time error after 20 %, mean, % of all", errors.remaining * 100, null),
      figure(name, "memory of the server itself, most, MiB", serverMib(studio), 150),
    ];
  } finally {
    await studio.close();
  }
}

/** The same chunks by one server and by two, each server on a core of its own. */
async function measureScaling(dir: string): Promise<Row[]> {
  const source = makeSource(dir, { width: 1280, height: 720, seconds: SCALING_SECONDS });
  const servers = [await openStudio({ FFMPEG_THREADS: "1" }), await openStudio({ FFMPEG_THREADS: "1" })];
  try {
    servers.forEach((server, core) => {
      execFileSync("taskset", ["-a", "-c", "-p", String(core % availableParallelism()), String(server.pid)]);
    });
    for (const server of servers) await server.probe(source);
    const alone = await timed(() => encodeChunks(servers.slice(0, 1), source));
    const together = await timed(() => encodeChunks(servers, source));
    const row: Row = {
      ...{ case: "chunks of 2 s, one core to a server", metric: "s, one server; two are times faster" },
      ...{ ours: round(together), reference: round(alone), ratio: round(alone / together), goal: 1.8 },
      better: "higher",
    };
    return [row];
  } finally {
    for (const server of servers) await server.close();
  }
}

/** Every server takes the next chunk when it has finished one. */
async function encodeChunks(servers: readonly Studio[], source: string): Promise<void> {
  const [first] = servers;
  if (first === undefined) throw new Error("There is no server.");
  const described = await first.probe(source);
  const waiting = planChunks(described, planStream(described, LADDER), 2);
  await Promise.all(
    servers.map(async (server) => {
      for (let range = waiting.shift(); range; range = waiting.shift()) {
        await server.run(source, "chunk", LADDER, { range });
      }
    }),
  );
}

async function measureFullHd(dir: string): Promise<Row[]> {
  const source = makeSource(dir, { width: 1920, height: 1080, seconds: FULL_HD_SECONDS });
  const studio = await openStudio({ FFMPEG_THREADS: String(availableParallelism()) });
  try {
    const variants = [{ shortSidePx: 1080, videoKbps: 5000, audioKbps: 192 }];
    const { seconds } = await studio.run(source, "stream", { ...LADDER, variants });
    const name = `1080p30 H.264, ${availableParallelism()} cores`;
    return [figure(name, "× real time", FULL_HD_SECONDS / seconds, null, "higher")];
  } finally {
    await studio.close();
  }
}

function figure(
  name: string,
  metric: string,
  ours: number,
  goal: number | null,
  better: Row["better"] = "lower",
): Row {
  return { case: name, metric, ours: round(ours), reference: null, ratio: null, goal, better };
}

function serverMib({ pid }: Studio): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kib) * 1024) / MIB;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
