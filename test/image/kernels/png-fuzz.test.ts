import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { kernels } from "../../../src/image/codecs/kernels.ts";
import { decodePng, resamplePng } from "../../../src/image/codecs/png-rows.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/plan.ts";
import { needsMoreBytes, probeImage } from "../../../src/image/probe.ts";
import { filtersFor } from "../../../src/image/resize.ts";
import { mutate, randomBelow } from "./mutate.ts";
import { mayHaveKey, PNG_KINDS, pngPicture, pngPixels } from "./png-pictures.ts";
import { type PngPicture, writePng } from "./png-writer.ts";

/** Mutated files beside those of `fuzz.test.ts`; `FUZZ_FILES=1000000 FUZZ_SEED=2 npm test -- fuzz` tries more, and others. */
const FILES = Number((env as { FUZZ_FILES?: string }).FUZZ_FILES ?? 8_000);
const SEED = Number((env as { FUZZ_SEED?: string }).FUZZ_SEED ?? 1);
/** `maximumMemory` of `kernels/asconfig.json`. */
const MAX_KERNEL_BYTES = 1664 * 65_536;
/** What no file of a few kilobytes may take, however much it inflates to. */
const MAX_FILE_MS = 5_000;

const SIZE = { width: 37, height: 29 };

/** Every kind, interlaced or not, stored and compressed in each way. */
const SEEDS: PngPicture[] = PNG_KINDS.flatMap((kind, index) =>
  [false, true].map((isInterlaced) => ({
    ...pngPicture(kind, SIZE.width, SIZE.height, mayHaveKey(kind)),
    isInterlaced,
    level: [9, 0, 1][index % 3],
    isFixed: index % 4 === 3,
  })),
);

/**
 * Half of the files are mutated as they lie; in the others the compressed data is, and the header claims another size,
 * under checksums that are right, so that it is the kernel that has to notice.
 */
function mutated(count: number, below: (limit: number) => number): Uint8Array {
  const seed = SEEDS[count % SEEDS.length] as PngPicture;
  const other = SEEDS[below(SEEDS.length)] as PngPicture;
  if (below(2) === 0) return mutate(writePng(seed), writePng(other), below, 60);
  const file = writePng({
    ...seed,
    spoil: (zlib) => (below(8) === 0 ? zlib : mutate(zlib, writePng(other), below, 40)),
  });
  const size = below(3) === 0 ? { width: 1 + below(70), height: 1 + below(70) } : SIZE;
  const header = writePng({ ...seed, ...size, spoil: () => new Uint8Array() }).subarray(0, 33);
  file.set(header);
  return file;
}

/** "picture", or the code of the error. Whatever else is thrown (a trap above all) gets out. */
async function outcomeOf(file: Uint8Array, below: (limit: number) => number): Promise<string> {
  try {
    const probe = probeImage(file, file.length);
    if (needsMoreBytes(probe)) return "short";
    const { width, height } = probe;
    if (probe.format !== "png" || width * height > DEFAULT_IMAGE_LIMITS.maxPixels) return "unlike";
    if (probe.coding === "interlaced" || (below(4) === 0 && width * height < 1e6)) {
      if (width * height > 1e6) return "unlike";
      expect((await decodePng(file)).data.length).toBe(width * height * 4);
      return "picture";
    }
    const window = { left: below(width), top: below(height), width: 0, height: 0 };
    window.width = 1 + below(width - window.left);
    window.height = 1 + below(height - window.top);
    const size = {
      width: Math.min(64, Math.ceil(window.width / (1 + below(12)))),
      height: Math.min(64, Math.ceil(window.height / (1 + below(12)))),
    };
    const { data } = await resamplePng(file, window, size, filtersFor(window, size), probe.hasAlpha);
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
  const below = randomBelow(SEED);
  const outcomes: Record<string, number> = {};
  let slowestMs = 0;
  for (let count = 0; count < FILES; count++) {
    const file = mutated(count, below);
    const start = performance.now();
    const outcome = await outcomeOf(file, below);
    slowestMs = Math.max(slowestMs, performance.now() - start);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  expect(outcomes.picture, JSON.stringify(outcomes)).toBeGreaterThan(FILES / 20);
  expect(outcomes.corrupt_image, JSON.stringify(outcomes)).toBeGreaterThan(FILES / 20);
  expect(Object.keys(outcomes)).not.toContain("internal");
  expect(slowestMs).toBeLessThan(MAX_FILE_MS);
  expect(await kernels.use((instance) => instance.memoryBytes())).toBeLessThanOrEqual(MAX_KERNEL_BYTES);
  // Nothing that was written out of bounds within the memory shows in what comes after.
  for (const seed of SEEDS) expect((await decodePng(writePng(seed))).data).toEqual(pngPixels(seed));
  console.info(`slowest ${slowestMs.toFixed(0)} ms, ${JSON.stringify(outcomes)}`);
});
