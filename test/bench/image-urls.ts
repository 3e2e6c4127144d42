import { mkdtempSync, openAsBlob, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { createDarkroomClient } from "../../src/client/client.ts";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import { startStack } from "../../src/local/stack.ts";
import { percentile, type Row } from "./row.ts";

const MISSES = 40;
const HITS = 200;
const CLIENTS = 16;
const RATE_MS = 5_000;

/**
 * Images by URL on an idle local stack: a miss makes a WebP of some 400 px out of a 3 MP JPEG, a hit comes from the
 * cache. The reference of a miss is sharp making the same image in this process, on one thread: no network, no storage.
 */
export async function measureImageUrls(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-bench-"));
  const stack = await startStack({ stateDir: join(dir, "state"), transcoder: "process" });
  try {
    const photo = await makeSamplePhoto(dir);
    const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
    const { media_id: mediaId } = await client.createJob({
      file: await openAsBlob(photo),
      filename: "dusk.jpg",
      outputs: [{ preset: "thumbnail" }],
    });
    const urlOf = (width: number) => `${stack.url}/img/width=${width},format=webp,quality=80/${mediaId}`;
    return await measure(urlOf, photo);
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(urlOf: (width: number) => string, photo: string): Promise<Row[]> {
  sharp.concurrency(1);
  const file = readFileSync(photo);
  for (let width = 390; width < 400; width++) await get(urlOf(width), "made");
  const misses: number[] = [];
  const reference: number[] = [];
  for (let width = 400; width < 400 + MISSES; width++) {
    misses.push(await timed(() => get(urlOf(width), "made")));
    reference.push(await timed(() => sharp(file).resize(width).webp({ quality: 80 }).toBuffer()));
  }
  const hot = urlOf(400);
  for (let warmUp = 0; warmUp < 20; warmUp++) await get(hot);
  const hits: number[] = [];
  for (let n = 0; n < HITS; n++) hits.push(await timed(() => get(hot, "hit")));
  const shares = [0.5, 0.95] as const;
  return [
    ...shares.map((share) => row("image URL, miss", share, misses, reference)),
    ...shares.map((share) => row("image URL, cached hit", share, hits)),
    {
      case: `image URL, cached hits, ${CLIENTS} clients`,
      metric: "requests a second",
      ours: Math.round(await requestsPerSecond(hot)),
      reference: null,
      ratio: null,
      goal: null,
      better: "higher",
    },
  ];
}

function row(name: string, share: number, ours: number[], reference?: number[]): Row {
  const [own, other] = [percentile(ours, share), reference && percentile(reference, share)];
  return {
    case: name,
    metric: `p${share * 100} ms of ${ours.length}`,
    ours: round(own),
    reference: other === undefined ? null : round(other),
    ratio: other === undefined ? null : round(own / other),
    goal: null,
    better: "lower",
  };
}

async function requestsPerSecond(url: string): Promise<number> {
  const until = performance.now() + RATE_MS;
  let answered = 0;
  const client = async () => {
    while (performance.now() < until) {
      await get(url);
      answered++;
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return answered / ((performance.now() - started) / 1000);
}

async function get(url: string, cache?: string): Promise<void> {
  const response = await fetch(url);
  await response.arrayBuffer();
  const timing = response.headers.get("Server-Timing") ?? "";
  if (!response.ok || (cache !== undefined && !timing.includes(`desc=${cache}`)))
    throw new Error(`${url} answered ${response.status}, ${timing}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

const round = (value: number) => Number(value.toFixed(2));
