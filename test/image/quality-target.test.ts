import { describe, expect, it } from "vitest";
import { MAX_ENCODES, searchQuality } from "../../src/image/quality-target.ts";
import { ssimOf } from "../../src/image/ssim.ts";
import { compare } from "../bench/image-quality.ts";
import { paint, photo } from "../fixtures/images.ts";

/** A codec whose files grow by 10 bytes, and whose pictures are nearer by 0.002, with each step of quality. */
function stepped(quality: number) {
  return Promise.resolve({
    quality,
    bytes: new Uint8Array(quality * 10),
    ssim: 0.8 + quality * 0.002,
  });
}

describe("searchQuality", () => {
  it("finds the least quality that is similar enough, wherever it begins, in eight encodes", async () => {
    for (let wanted = 1; wanted <= 100; wanted++) {
      for (const first of [1, 35, 65, 80, 84, 100]) {
        const target = { ssim: 0.8 + wanted * 0.002 - 0.0001 };
        const found = await searchQuality(target, first, stepped);
        expect(found).toMatchObject({ quality: wanted, isMet: true });
        expect(found.encodes).toBeLessThanOrEqual(MAX_ENCODES);
      }
    }
  });

  it("finds the best quality for the bytes, or a file that fills them to 98 %", async () => {
    for (let most = 10; most <= 1000; most += 7) {
      const found = await searchQuality({ maxBytes: most }, 80, stepped);
      expect(found.isMet).toBe(true);
      expect(found.bytes.length).toBeLessThanOrEqual(most);
      expect(found.bytes.length).toBeGreaterThan(Math.min(most - 10, most * 0.98) - 1);
      expect(found.encodes).toBeLessThanOrEqual(MAX_ENCODES);
    }
  });

  it("comes as near as it can to what is out of reach", async () => {
    const similar = await searchQuality({ ssim: 0.9999 }, 65, async (quality) => ({
      ...(await stepped(quality)),
      ssim: 0.9 + quality * 0.0001,
    }));
    expect(similar).toMatchObject({ quality: 100, isMet: false });
    const small = await searchQuality({ maxBytes: 64 }, 65, async (quality) => ({
      quality,
      bytes: new Uint8Array(100 + quality),
    }));
    expect(small).toMatchObject({ quality: 1, isMet: false });
  });

  it("keeps to the target with a codec that is not monotonous", async () => {
    const jagged = async (quality: number) => ({
      quality,
      bytes: new Uint8Array(quality * 10 + (quality % 3) * 25),
      ssim: 0.8 + quality * 0.002 - (quality % 4) * 0.003,
    });
    for (const ssim of [0.85, 0.9, 0.93])
      expect((await searchQuality({ ssim }, 65, jagged)).ssim).toBeGreaterThanOrEqual(ssim);
    for (const maxBytes of [150, 400, 777])
      expect((await searchQuality({ maxBytes }, 65, jagged)).bytes.length).toBeLessThanOrEqual(maxBytes);
  });
});

describe("ssimOf", () => {
  const reference = photo(64, 48);
  const noisy = (reach: number) =>
    paint(64, 48, (x, y) => {
      const at = (y * 64 + x) * 4;
      const noise = (((x * 7919 + y * 104_729) % 17) - 8) * reach;
      const channel = (index: number) =>
        Math.max(0, Math.min(255, (reference.data[at + index] ?? 0) + noise));
      return [channel(0), channel(1), channel(2), 255];
    });

  it("is 1 for the same picture, and less the more it differs", () => {
    expect(ssimOf(reference, reference)).toBeCloseTo(1, 10);
    const scores = [0.2, 0.5, 1, 2].map((reach) => ssimOf(noisy(reach), reference));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores.at(-1)).toBeLessThan(0.8);
  });

  it("is what the definition, window by window, says", () => {
    const bytes = (pixels: typeof reference) => new Uint8Array(pixels.data.buffer);
    for (const reach of [0.2, 1, 2]) {
      const slow = compare(bytes(noisy(reach)), bytes(reference), 64).ssim;
      expect(ssimOf(noisy(reach), reference)).toBeCloseTo(slow, 6);
    }
  });

  it("takes pictures of any size, and does not look at what nobody sees", () => {
    for (const [width, height] of [
      [1, 1],
      [3, 200],
      [5, 9],
      [257, 2],
    ] as const)
      expect(ssimOf(photo(width, height), photo(width, height))).toBeCloseTo(1, 10);
    const hidden = (red: number) => paint(16, 16, (x) => (x < 8 ? [red, 0, 0, 0] : [9, 9, 9, 255]));
    expect(ssimOf(hidden(255), hidden(0))).toBeCloseTo(1, 10);
  });
});
