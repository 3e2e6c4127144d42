import { describe, expect, it } from "vitest";
import { encodeJpeg } from "../../../src/image/codecs/jpeg.ts";
import { openJpeg } from "../../../src/image/codecs/jpeg-planes.ts";
import { kernels } from "../../../src/image/codecs/kernels.ts";
import { demandAll, demandOf } from "../../../src/image/demand.ts";
import { filtersFor } from "../../../src/image/resize.ts";
import { concat, fileOf, photo } from "../../fixtures/images.ts";
import { probed, psnr, renderJpeg, sizeOf } from "./compare.ts";
import { type JpegOptions, writeJpeg } from "./jpeg-writer.ts";
import { photoSample, SAMPLINGS, scriptsOf } from "./pictures.ts";

const SIZE = { width: 83, height: 61 };
/** Results that 8, 4, 2 samples and 1 of a block are made for. */
const SCALES = [1, 3, 6, 12];

function written(sampling: [number, number][], options: Partial<JpegOptions> = {}): Uint8Array<ArrayBuffer> {
  return writeJpeg({ ...SIZE, sampling, sample: photoSample({ ...SIZE, ...options }), ...options });
}

describe.each(Object.entries(SAMPLINGS))("a %s JPEG", (_, sampling) => {
  it("is the same picture at every scale, however its scans are written", async () => {
    const plain = written(sampling);
    const others: Record<string, Uint8Array> = {
      separate: written(sampling, { isSeparate: true }),
      restarting: written(sampling, { restartInterval: 3 }),
      "restarting and separate": written(sampling, { restartInterval: 5, isSeparate: true }),
    };
    for (const [name, script] of Object.entries(scriptsOf(sampling.length))) {
      others[name] = written(sampling, { script });
      others[`${name}, restarting`] = written(sampling, { script, restartInterval: 4 });
    }
    const whole = { left: 0, top: 0, ...SIZE };
    for (const scale of SCALES) {
      const size = { width: Math.ceil(SIZE.width / scale), height: Math.ceil(SIZE.height / scale) };
      for (const hasHalfColor of [false, true]) {
        const wanted = await renderJpeg(plain, size, whole, hasHalfColor);
        for (const [name, file] of Object.entries(others)) {
          const made = await renderJpeg(file, size, whole, hasHalfColor);
          expect(psnr(made.data, wanted.data), `${name} at 1/${scale}`).toBe(Number.POSITIVE_INFINITY);
        }
      }
    }
  });

  it("shows in a window what it shows as a whole", async () => {
    const window = { left: 17, top: 21, width: 48, height: 24 };
    for (const script of [undefined, scriptsOf(sampling.length).both]) {
      const file = written(sampling, { script });
      for (const scale of SCALES) {
        const size = { width: 48 / scale, height: 24 / scale };
        const probe = probed(file);
        const whole = { left: 0, top: 0, ...SIZE };
        const all = await openJpeg(file, probe, { ...demandOf(probe, [{ window, size }]), window: whole });
        const wanted = await all.resample(window, size, filtersFor(window, size));
        const made = await renderJpeg(file, size, window);
        expect(psnr(made.data, wanted.data), `1/${scale}`).toBe(Number.POSITIVE_INFINITY);
      }
    }
  });
});

describe("the decoder", () => {
  it.each([
    [1, 1],
    [1, 40],
    [40, 1],
    [7, 9],
    [8, 8],
    [16, 17],
    [17, 33],
  ])("takes %i×%i pictures of any sampling", async (width, height) => {
    for (const [name, sampling] of Object.entries(SAMPLINGS)) {
      const size = { width, height };
      const sample = photoSample(size);
      const plain = writeJpeg({ ...size, sampling, sample });
      const script = scriptsOf(sampling.length).both;
      const progressive = writeJpeg({ ...size, sampling, sample, script, restartInterval: 2 });
      for (const target of [size, { width: Math.ceil(width / 3), height: Math.ceil(height / 5) }]) {
        const wanted = await renderJpeg(plain, target);
        const made = await renderJpeg(progressive, target);
        expect(psnr(made.data, wanted.data), name).toBe(Number.POSITIVE_INFINITY);
        const light = wanted.data[0] ?? 0;
        expect(light, name).toBeGreaterThan(40);
      }
    }
  });

  it("makes several outputs from one decode, and decodes again when other work came between", async () => {
    const file = written([[1, 1]]);
    const probe = probed(file);
    const whole = { left: 0, top: 0, ...SIZE };
    const planes = await openJpeg(file, probe, demandAll(SIZE));
    const work = await kernels.use((instance) => instance.work);
    const size = { width: 41, height: 30 };
    const first = await planes.resample(whole, size, filtersFor(whole, size));
    expect(await kernels.use((instance) => instance.work)).toBe(work);
    await renderJpeg(written([[1, 1]], { width: 16, height: 16 }), { width: 4, height: 4 });
    const second = await planes.resample(whole, size, filtersFor(whole, size));
    expect(second.data).toEqual(first.data);
  });

  it("reads the files of another encoder", async () => {
    const picture = photo(120, 80);
    const made = await renderJpeg(await fileOf(picture, "jpeg"), picture);
    expect(psnr(made.data, picture.data)).toBeGreaterThan(33);
  });

  it("needs memory for what it keeps, not for the picture", async () => {
    await kernels
      .use(() => {
        throw new Error("a fresh instance, please");
      })
      .catch(() => undefined);
    const [width, height] = [2400, 1800];
    const light = new Uint8ClampedArray(width * height * 4).fill(200);
    const file = await encodeJpeg({ width, height, data: light }, { format: "jpeg", quality: 80 });
    const { data } = await renderJpeg(file, { width: 240, height: 180 });
    expect(data[0]).toBe(200);
    expect(await kernels.use((instance) => instance.memoryBytes())).toBeLessThan(3 * 1024 * 1024);
  });
});

describe("a damaged JPEG", () => {
  const file = written(SAMPLINGS["4:2:0"]);

  it.each(SCALES)("is refused wherever it is cut, at 1/%i", async (scale) => {
    const size = { width: Math.ceil(SIZE.width / scale), height: Math.ceil(SIZE.height / scale) };
    for (const script of [undefined, scriptsOf(3).both]) {
      const whole = written(SAMPLINGS["4:2:0"], { script });
      const probe = probed(whole);
      const lengths = Array.from({ length: Math.ceil(whole.length / 7) }, (_, index) => index * 7);
      for (const length of [...lengths, whole.length - 2, whole.length - 1]) {
        const opened = openJpeg(whole.subarray(0, length), probe, demandOf(probe, [sampling(size)]));
        await expect(opened, `${length} bytes`).rejects.toMatchObject({ code: "corrupt_image" });
      }
    }
  });

  function sampling(size: { width: number; height: number }) {
    return { window: { left: 0, top: 0, ...sizeOf(file) }, size };
  }

  it("is refused when a restart marker is missing, or two stand in the place of others", async () => {
    const restarting = written(SAMPLINGS["4:2:0"], { restartInterval: 2 });
    const marker = restarting.findIndex((byte, at) => byte === 0xff && restarting[at + 1] === 0xd1);
    const wrong = restarting.slice();
    wrong[marker + 1] = 0xd3;
    await expect(renderJpeg(wrong, SIZE)).rejects.toMatchObject({ code: "corrupt_image" });
    const without = restarting.filter((_, at) => at !== marker && at !== marker + 1);
    await expect(renderJpeg(without, SIZE)).rejects.toMatchObject({ code: "corrupt_image" });
  });

  it("may not ask for a walk over all blocks as often as it likes", async () => {
    const bands = Array.from({ length: 63 }, (_, index) => ({
      components: [0],
      first: index + 1,
      last: index + 1,
    }));
    const script = [
      { components: [0], first: 0, last: 0, before: 0, now: 0 },
      ...bands.map((band) => ({ ...band, before: 0, now: 1 })),
      ...bands.map((band) => ({ ...band, before: 1, now: 0 })),
    ];
    const allowed = written(SAMPLINGS.gray, { script: script.slice(0, 100) });
    expect((await renderJpeg(allowed, SIZE)).width).toBe(SIZE.width);
    const thrown = await renderJpeg(written(SAMPLINGS.gray, { script }), SIZE).catch(
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({
      code: "corrupt_image",
      message: expect.stringContaining("more scans"),
    });
  });

  it("may be filled up before its end, with zeros or with anything", async () => {
    for (const script of [undefined, scriptsOf(3).both]) {
      const whole = written(SAMPLINGS["4:2:0"], { script });
      const wanted = await renderJpeg(whole, SIZE);
      for (const length of [1, 9, 500, 100_000]) {
        const filling = new Uint8Array(length);
        expect((await renderJpeg(filled(whole, filling), SIZE)).data, `${length}`).toEqual(wanted.data);
        filling[length - 1] = 1;
        expect((await renderJpeg(filled(whole, filling), SIZE)).data, `${length}`).toEqual(wanted.data);
      }
    }
  });

  it("is refused for zeros in the place of its data", async () => {
    for (const script of [undefined, scriptsOf(3).bands]) {
      const whole = written(SAMPLINGS["4:4:4"], { script });
      for (const lost of [300, 301, 302, 303, 304]) {
        const rest = whole.slice(0, -lost);
        const holed = filled(concat(rest, whole.subarray(-2)), new Uint8Array(20_000));
        await expect(renderJpeg(holed, SIZE), `${lost}`).rejects.toMatchObject({
          message: "The JPEG cannot be decoded: there are zeros in the place of its data.",
        });
      }
    }
  });

  function filled(whole: Uint8Array, filling: Uint8Array): Uint8Array {
    return concat(whole.subarray(0, -2), filling, whole.subarray(-2));
  }

  it("says what broke", async () => {
    const noTables = file.filter((_, at) => at < 2 || at > 70);
    const thrown = await renderJpeg(noTables, SIZE).catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      message: "The JPEG cannot be decoded: a table is missing or makes no sense.",
    });
    const cut = file.slice(0, -40);
    cut.set([0xff, 0xd9], cut.length - 2);
    const short = await renderJpeg(cut, SIZE).catch((error: unknown) => error);
    expect(short).toMatchObject({
      message: "The JPEG cannot be decoded: the data of a scan ends before its picture does.",
    });
  });
});
