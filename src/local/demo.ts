/** `npm run demo [-- files… --serve]`: the whole stack, real media through it, the results under `out/demo`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createDarkroomClient, type DarkroomClient } from "../client/client.ts";
import { parseStackArguments } from "./args.ts";
import { type DemoResult, processFile } from "./demo-file.ts";
import { ensureFfmpeg } from "./ffmpeg.ts";
import { aborted, runMain } from "./main.ts";
import { createProgressBoard } from "./progress-bar.ts";
import { makeSampleClip } from "./sample-clip.ts";
import { makeSamplePhoto } from "./sample-photo.ts";
import { type Stack, startStack } from "./stack.ts";
import { StackError } from "./stack-error.ts";

const OUT_DIR = "out/demo";

await runMain(async (interruption) => {
  const options = parseStackArguments(process.argv.slice(2));
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "darkroom-demo-"));
  const starting = startStack({ ...options, stateDir, signal: interruption, say: console.log });
  starting.catch(() => undefined);
  try {
    console.log("Starting the stack");
    const demo = demonstrate(starting, options.files);
    await Promise.race([demo, starting.then((stack) => stack.ended), failWhen(interruption)]);
    if (options.serve) await serve(await starting, interruption);
  } finally {
    await starting.then(
      (stack) => stack.stop(),
      () => undefined,
    );
    if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
  }
});

async function demonstrate(starting: Promise<Stack>, files: string[]): Promise<void> {
  const startedAtMs = performance.now();
  const [stack, paths] = await Promise.all([starting, files.length > 0 ? files : makeSamples()]);
  console.log(
    `Every part answers at ${stack.url} after ${secondsSince(startedAtMs)} s${files.length > 0 ? "" : ", and the sample media are made"}\n`,
  );
  const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
  const board = createProgressBoard(
    paths.map((path) => basename(path)),
    process.stdout,
  );
  const results = await Promise.all(paths.map((path) => processFile(client, path, OUT_DIR, board)));
  for (const result of results) if (result.failure === undefined) printResult(result);
  const image = results.find((result) => result.job?.kind === "image");
  if (image?.job) await fetchImage(client, stack, image.job.media_id);
  console.log(`\nThe whole demo took ${secondsSince(startedAtMs)} s`);
  const failed = results.filter((result) => result.failure !== undefined);
  if (failed.length > 0) {
    throw new StackError(failed.map((result) => `${result.name} failed: ${result.failure}`).join("\n"));
  }
}

async function makeSamples(): Promise<string[]> {
  ensureFfmpeg(console.log);
  const dir = join(OUT_DIR, "originals");
  mkdirSync(dir, { recursive: true });
  const photo = await makeSamplePhoto(dir);
  return [photo, await makeSampleClip(dir, photo)];
}

function printResult({ name, collected, report }: DemoResult): void {
  console.log(`\n${name}${report ? `: ${report}` : ""}`);
  for (const { path, bytes, output } of collected) {
    const size = output.width && output.height ? `${output.width}×${output.height}` : "";
    const length = output.duration ? `${output.duration.toFixed(1)} s` : "";
    console.log(`  ${path.padEnd(44)} ${size.padStart(10)} ${length.padStart(7)} ${kilobytes(bytes)}`);
  }
}

/** Asks for an image by its URL: made now, at the edge. */
async function fetchImage(client: DarkroomClient, stack: Stack, mediaId: string): Promise<void> {
  const path = `/img/width=640,format=webp/${mediaId}`;
  const startedAtMs = performance.now();
  const bytes = Buffer.from(await (await client.download(path)).arrayBuffer());
  const file = join(OUT_DIR, "on-demand-640.webp");
  writeFileSync(file, bytes);
  console.log(`\n${stack.url}${path}`);
  console.log(
    `  ${file.padEnd(44)} made on demand in ${Math.round(performance.now() - startedAtMs)} ms ${kilobytes(bytes.byteLength)}`,
  );
}

async function serve(stack: Stack, interruption: AbortSignal): Promise<void> {
  console.log(`\nOpen ${stack.url} and enter the key ${stack.key} (Ctrl-C ends it)`);
  await Promise.race([aborted(interruption), stack.ended]);
}

async function failWhen(interruption: AbortSignal): Promise<never> {
  await aborted(interruption);
  throw interruption.reason;
}

function secondsSince(startedAtMs: number): string {
  return ((performance.now() - startedAtMs) / 1000).toFixed(1);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(11);
}
