import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { openJpeg } from "../../../src/image/codecs/jpeg-planes.ts";
import { kernels } from "../../../src/image/codecs/kernels.ts";
import { demandOf, type Sampling } from "../../../src/image/demand.ts";
import type { Pixels } from "../../../src/image/pixels.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/plan.ts";
import { needsMoreBytes, probeImage } from "../../../src/image/probe.ts";
import { filtersFor } from "../../../src/image/resize.ts";
import { renderJpeg } from "./compare.ts";
import { writeJpeg } from "./jpeg-writer.ts";
import { mutate, randomBelow } from "./mutate.ts";
import { photoSample, SAMPLINGS, scriptsOf } from "./pictures.ts";

/** Mutated files; `FUZZ_FILES=1000000 FUZZ_SEED=2 npm test -- fuzz` tries more, and others. */
const FILES = Number((env as { FUZZ_FILES?: string }).FUZZ_FILES ?? 24_000);
const SEED = Number((env as { FUZZ_SEED?: string }).FUZZ_SEED ?? 1);
/** `maximumMemory` of `kernels/asconfig.json`. */
const MAX_KERNEL_BYTES = 1664 * 65_536;
/** What no file of a few kilobytes may take, however many pixels it claims. */
const MAX_FILE_MS = 5_000;

/** Frame, tables and the first scan header of the seeds. */
const JPEG_HEADER_BYTES = 330;

const SIZE = { width: 45, height: 37 };

function seedFiles(): Uint8Array[] {
  const base = { ...SIZE, sample: photoSample(SIZE), step: 6 };
  const colour = SAMPLINGS["4:2:0"];
  return [
    writeJpeg({ ...base, sampling: colour }),
    writeJpeg({ ...base, sampling: SAMPLINGS.gray, restartInterval: 2 }),
    writeJpeg({ ...base, sampling: SAMPLINGS["4:2:2"], isSeparate: true, restartInterval: 3 }),
    writeJpeg({ ...base, sampling: SAMPLINGS["4:4:4"], script: scriptsOf(3).bands }),
    writeJpeg({ ...base, sampling: colour, script: scriptsOf(3).both }),
    writeJpeg({ ...base, sampling: SAMPLINGS["4:1:1"], script: scriptsOf(3).bits, restartInterval: 4 }),
  ];
}

/** "picture", or the code of the error. Whatever else is thrown (a trap above all) gets out. */
async function outcomeOf(file: Uint8Array, below: (limit: number) => number): Promise<string> {
  try {
    const probe = probeImage(file, file.length);
    if (needsMoreBytes(probe)) return "short";
    if (probe.format !== "jpeg" || probe.width * probe.height > DEFAULT_IMAGE_LIMITS.maxPixels)
      return "unlike";
    const divisor = 1 + below(12);
    const window = {
      left: below(probe.width),
      top: below(probe.height),
      width: 0,
      height: 0,
    };
    window.width = 1 + below(probe.width - window.left);
    window.height = 1 + below(probe.height - window.top);
    const size = {
      width: Math.min(64, Math.ceil(window.width / divisor)),
      height: Math.min(64, Math.ceil(window.height / divisor)),
    };
    const sampling: Sampling = { window, size, hasHalfColor: below(2) === 1 };
    const planes = await openJpeg(file, probe, demandOf(probe, [sampling]));
    const { data } = await planes.resample(window, size, filtersFor(window, size));
    expect(data.length).toBe(size.width * size.height * 4);
    return "picture";
  } catch (thrown) {
    if (thrown instanceof MediaError) return thrown.code;
    throw thrown;
  }
}

it(`ends each of ${FILES} mutated files with a picture or a coded error`, {
  timeout: 3_600_000,
}, async () => {
  const seeds = seedFiles();
  const below = randomBelow(SEED);
  const before: Pixels[] = [];
  for (const file of seeds) before.push(await renderJpeg(file, SIZE));
  const outcomes: Record<string, number> = {};
  let slowestMs = 0;
  for (let count = 0; count < FILES; count++) {
    const seed = seeds[count % seeds.length] ?? new Uint8Array();
    const file = mutate(seed, seeds[below(seeds.length)] ?? seed, below, JPEG_HEADER_BYTES);
    const start = performance.now();
    const outcome = await outcomeOf(file, below);
    slowestMs = Math.max(slowestMs, performance.now() - start);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  // Both ends are reached often, or the mutations would prove nothing.
  expect(outcomes.picture, JSON.stringify(outcomes)).toBeGreaterThan(FILES / 20);
  expect(outcomes.corrupt_image, JSON.stringify(outcomes)).toBeGreaterThan(FILES / 20);
  expect(Object.keys(outcomes)).not.toContain("internal");
  expect(slowestMs).toBeLessThan(MAX_FILE_MS);
  expect(await kernels.use((instance) => instance.memoryBytes())).toBeLessThanOrEqual(MAX_KERNEL_BYTES);
  // Nothing that was written out of bounds within the memory shows in what comes after.
  for (const [index, file] of seeds.entries()) {
    expect((await renderJpeg(file, SIZE)).data).toEqual(before[index]?.data);
  }
  console.info(`slowest ${slowestMs.toFixed(0)} ms, ${JSON.stringify(outcomes)}`);
});
