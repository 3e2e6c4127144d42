import sharp from "sharp";
import { expect, it } from "vitest";
import { openJpeg } from "../../../src/image/codecs/jpeg-planes.ts";
import { kernels } from "../../../src/image/codecs/kernels.ts";
import { resamplePng } from "../../../src/image/codecs/png-rows.ts";
import { resampleRgba } from "../../../src/image/codecs/resize.ts";
import { demandOf, type Sampling } from "../../../src/image/demand.ts";
import { decodeBytes, kernelBytes } from "../../../src/image/memory.ts";
import { filtersFor } from "../../../src/image/resize.ts";
import { probed } from "./compare.ts";

const MIB = 1024 * 1024;
const SIZE = { width: 2000, height: 1500 };

async function freshMemory(): Promise<void> {
  const spoil = () => {
    throw new Error("an instance that threw is not used again");
  };
  await kernels.use(spoil).catch(() => undefined);
  await kernels.use(() => undefined);
}

function sampling(width: number, window = { left: 0, top: 0, ...SIZE }): Sampling {
  return { window, size: { width, height: Math.round((width * window.height) / window.width) } };
}

const KINDS = {
  baseline: { progressive: false },
  "baseline 4:4:4": { progressive: false, chromaSubsampling: "4:4:4" },
  progressive: { progressive: true },
  "progressive 4:4:4": { progressive: true, chromaSubsampling: "4:4:4" },
};

it.each(Object.entries(KINDS))("takes what the plan says for a %s JPEG", async (_, options) => {
  const noise = { type: "gaussian", mean: 128, sigma: 30 } as const;
  const file = new Uint8Array(
    await sharp({ create: { ...SIZE, channels: 3, background: "gray", noise } })
      .jpeg(options)
      .toBuffer(),
  );
  const probe = probed(file);
  for (const one of [
    sampling(200),
    sampling(400),
    sampling(900),
    sampling(1500),
    sampling(300, { left: 500, top: 600, width: 600, height: 400 }),
  ]) {
    await freshMemory();
    const planes = await openJpeg(file, probe, demandOf(probe, [one]));
    await planes.resample(one.window, one.size, filtersFor(one.window, one.size));
    const taken = await kernels.use((instance) => instance.memoryBytes());
    const planned = kernelBytes(probe, [one], file.length);
    expect(taken, `${one.size.width} px`).toBeLessThanOrEqual(planned);
    expect(planned, `${one.size.width} px`).toBeLessThan(1.6 * taken + 2 * MIB);
  }
});

it("takes what the plan says for a PNG, of which it holds the file and a few rows", async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 30 } as const;
  for (const kind of [{}, { palette: true, effort: 1 }]) {
    const file = new Uint8Array(
      await sharp({ create: { ...SIZE, channels: 3, background: "gray", noise } })
        .png(kind)
        .toBuffer(),
    );
    const probe = probed(file);
    const one = sampling(400);
    await freshMemory();
    await resamplePng(file, one.window, one.size, filtersFor(one.window, one.size), false);
    const taken = await kernels.use((instance) => instance.memoryBytes());
    const planned = kernelBytes(probe, [one], file.length) + decodeBytes(probe, file.length, [one]);
    expect(taken).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(2.5 * taken + 2 * MIB);
    expect(taken).toBeLessThan(file.length + 3 * MIB);
  }
});

it("takes what the plan says for RGBA", async () => {
  const probe = probed(
    new Uint8Array(
      await sharp({ create: { ...SIZE, channels: 4, background: "#0008" } })
        .png()
        .toBuffer(),
    ),
  );
  const data = new Uint8ClampedArray(SIZE.width * SIZE.height * 4);
  for (const one of [sampling(3), sampling(400), sampling(1999)]) {
    await freshMemory();
    await resampleRgba({ ...SIZE, data }, one.window, one.size, filtersFor(one.window, one.size), true);
    const taken = await kernels.use((instance) => instance.memoryBytes());
    expect(taken).toBeLessThanOrEqual(kernelBytes(probe, [one], 0));
  }
});
