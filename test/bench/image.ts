import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import sharp from "sharp";
import { buildKernels } from "../../src/local/build-kernels.ts";
import { ENGINES, type EngineName, WEBP_OUTPUT } from "./image-engines.ts";
import { makeLargeFile, makePhotos, makeTransparentPng, makeWebp, type Photo } from "./image-photos.ts";
import { compare, type Quality } from "./image-quality.ts";
import { measureImageUrls } from "./image-urls.ts";
import { percentile, type Row } from "./row.ts";

const ROUNDS = 7;
/** The runtime compiles WASM twice, the second time better, function by function and on the clock of the process. */
const WARM_UPS = 8;
const MIB = 1024 * 1024;

interface Case {
  name: string;
  photo: Photo;
  /** px of the result */
  width: number;
  /** CPU time against sharp's, and memory added, MiB. */
  goal: { ratio: number; memoryMib: number | null };
}

setFlagsFromString("--expose-gc");
/** Before each measurement, so that none pays for what the one before has left. */
const collectGarbage = runInNewContext("gc") as () => void;

/** At equal quality: as close to the reference as sharp is, within these. */
const PSNR_TOLERANCE_DB = 0.5;
const SSIM_TOLERANCE = 0.003;
const BYTES_TOLERANCE = 1.03;

/**
 * What it costs to make a WebP of quality 80 out of photos: our edge lane, sharp on one thread and plain jSquash, one
 * after the other in each round, on the same files. CPU time of the process; memory each in a process of its own;
 * quality against the picture resampled by sharp with lanczos3 from all of its pixels. Then images by URL.
 */
export async function measureImage(): Promise<Row[]> {
  buildKernels();
  const dir = mkdtempSync(join(tmpdir(), "darkroom-bench-"));
  try {
    const rows: Row[] = [];
    for (const one of await makeCases(dir)) rows.push(...(await measureCase(one)));
    rows.push(await measureLargeFile(dir, (await makePhotos(dir, 50)).baseline));
    return [...rows, ...(await measureImageUrls())];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function makeCases(dir: string): Promise<Case[]> {
  const of12 = await makePhotos(dir, 12);
  const of24 = await makePhotos(dir, 24);
  const of50 = await makePhotos(dir, 50);
  const small = { ratio: 1, memoryMib: 64 };
  const progressive = { ratio: 0.6, memoryMib: null };
  return [
    { name: "12 MP JPEG → 400", photo: of12.baseline, width: 400, goal: { ratio: 1, memoryMib: 32 } },
    { name: "24 MP JPEG → 400", photo: of24.baseline, width: 400, goal: small },
    { name: "50 MP JPEG → 400", photo: of50.baseline, width: 400, goal: small },
    { name: "12 MP progressive → 400", photo: of12.progressive, width: 400, goal: progressive },
    { name: "24 MP progressive → 400", photo: of24.progressive, width: 400, goal: progressive },
    { name: "50 MP progressive → 400", photo: of50.progressive, width: 400, goal: progressive },
    { name: "12 MP JPEG → 1600", photo: of12.baseline, width: 1600, goal: { ratio: 1.1, memoryMib: null } },
    {
      name: "12 MP WebP → 400",
      photo: await makeWebp(dir, of12.baseline),
      width: 400,
      goal: { ratio: 2.5, memoryMib: null },
    },
    {
      name: "2 MP PNG RGBA → 400",
      photo: await makeTransparentPng(dir, of12.baseline),
      width: 400,
      goal: { ratio: 1.3, memoryMib: null },
    },
  ];
}

async function measureCase({ name, photo, width, goal }: Case): Promise<Row[]> {
  const file = new Uint8Array(readFileSync(photo.path));
  const engines = {
    darkroom: await ENGINES.darkroom(),
    sharp: await ENGINES.sharp(),
    jsquash: await ENGINES.jsquash(),
  };
  const cpuMs: Record<EngineName, number[]> = { darkroom: [], sharp: [], jsquash: [] };
  const made: Partial<Record<EngineName, Uint8Array>> = {};
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    for (const engine of Object.keys(engines) as EngineName[]) {
      collectGarbage();
      const startedAt = process.cpuUsage();
      made[engine] = await engines[engine](file, width);
      const { user, system } = process.cpuUsage(startedAt);
      if (round >= 0) cpuMs[engine].push((user + system) / 1000);
    }
  }
  const median = (engine: EngineName) => percentile(cpuMs[engine], 0.5);
  const ours = await qualityOf(made.darkroom, photo, width);
  const theirs = await qualityOf(made.sharp, photo, width);
  const bytes = { ours: made.darkroom?.length ?? 0, theirs: made.sharp?.length ?? 0 };
  const memory = { ours: addedMib("darkroom", photo, width), theirs: addedMib("sharp", photo, width) };
  const row = (
    metric: string,
    value: number,
    reference: number,
    rowGoal: number | null,
    better: Row["better"],
  ): Row => ({
    case: name,
    metric,
    ours: round(value),
    reference: round(reference),
    ratio: round(value / reference),
    goal: rowGoal,
    better,
  });
  return [
    row(`CPU ms, sharp; goal × sharp`, median("darkroom"), median("sharp"), goal.ratio, "lower"),
    row("CPU ms, plain jSquash", median("darkroom"), median("jsquash"), null, "lower"),
    row("memory added, MiB, sharp", memory.ours, memory.theirs, goal.memoryMib, "lower"),
    row("memory added, MiB, plain jSquash", memory.ours, addedMib("jsquash", photo, width), null, "lower"),
    row("PSNR dB", ours.psnr, theirs.psnr, round(theirs.psnr - PSNR_TOLERANCE_DB), "higher"),
    row("SSIM", ours.ssim, theirs.ssim, round(theirs.ssim - SSIM_TOLERANCE), "higher"),
    row("bytes", bytes.ours, bytes.theirs, Math.round(bytes.theirs * BYTES_TOLERANCE), "lower"),
  ];
}

/**
 * A photo of 50 MB, which is left to the container: its image program from start to end, wall time, best of three. The
 * reference is what a job may take.
 */
async function measureLargeFile(dir: string, from: Photo): Promise<Row> {
  const { path } = await makeLargeFile(dir, from);
  const orderFile = join(dir, "order.json");
  const output = { ...WEBP_OUTPUT, width: 1600 };
  const order = { input: path, outputs: [{ file: join(dir, "large.webp"), output }], logos: {} };
  writeFileSync(orderFile, JSON.stringify(order));
  const seconds = [1, 2, 3].map(() => {
    const startedAt = performance.now();
    execFileSync(process.execPath, ["--no-warnings", IMAGE_PROGRAM, orderFile], { stdio: "ignore" });
    return (performance.now() - startedAt) / 1000;
  });
  const best = Math.min(...seconds);
  return {
    case: `${Math.round(statSync(path).size / 1e6)} MB JPEG → 1600, container`,
    metric: "s, limit; goal × limit",
    ours: round(best),
    reference: LARGE_FILE_SECONDS,
    ratio: round(best / LARGE_FILE_SECONDS),
    goal: 1,
    better: "lower",
  };
}

const LARGE_FILE_SECONDS = 5;
const IMAGE_PROGRAM = fileURLToPath(new URL("../../containers/transcoder/image-program.ts", import.meta.url));

async function qualityOf(made: Uint8Array | undefined, photo: Photo, width: number): Promise<Quality> {
  // Decoded as a whole first: sharp would shrink while loading otherwise.
  const { data, info } = await sharp(photo.path, { limitInputPixels: false })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: 4 as const };
  const reference = await sharp(data, { raw, limitInputPixels: false })
    .resize({ width, kernel: "lanczos3" })
    .raw()
    .toBuffer();
  return compare(await sharp(made).ensureAlpha().raw().toBuffer(), reference, width);
}

function addedMib(engine: EngineName, photo: Photo, width: number): number {
  const script = fileURLToPath(new URL("image-memory.ts", import.meta.url));
  const printed = execFileSync(process.execPath, [script, engine, photo.path, String(width)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  return Number(printed.toString()) / MIB;
}

function round(value: number): number {
  return Number(value.toFixed(value < 2 ? 4 : 1));
}
