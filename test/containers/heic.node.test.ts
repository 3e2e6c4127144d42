import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { writeAvifMetadata } from "../../src/image/metadata/write-avif.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { CAN_WRITE_HEIC, heicOf, turnedHeic } from "../fixtures/heic.ts";
import { fileOf, paint, photo, quarters } from "../fixtures/images.ts";
import { findSecrets } from "../image/metadata/find-secrets.ts";
import { privateExif, privateXmp, TECHNICAL } from "../image/metadata/private-photo.ts";
import { image, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();

async function render(input: Buffer, ...outputs: Partial<ImageOutput>[]) {
  const task = studio.task(input);
  const specs = outputs.map((output) => ({ ...image, width: 48, height: undefined, ...output }));
  const { files } = await runTask(studio.transcoder, { kind: "image", ...task, outputs: specs }, "files");
  return files.map((file) => ({ file, bytes: studio.output(task, file.path) }));
}

/** Mean difference of a channel, 0–255. */
async function distance(a: Buffer, b: Buffer | Uint8Array): Promise<number> {
  const raw = async (file: Buffer | Uint8Array) => await sharp(file).removeAlpha().raw().toBuffer();
  const [one, other] = [await raw(a), await raw(b)];
  expect(one).toHaveLength(other.length);
  return one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0) / one.length;
}

describe.skipIf(!CAN_WRITE_HEIC)("HEIC", () => {
  it("becomes the same picture as the file that it was made from", async () => {
    const png = await fileOf(photo(96, 64), "png");
    const [made] = await render(heicOf([png], "-q", "95"), { format: "png", name: "a.png" });
    expect(made?.file).toMatchObject({ width: 48, height: 32 });
    const reference = await sharp(png).resize(48).png().toBuffer();
    expect(await distance(made?.bytes ?? Buffer.alloc(0), reference)).toBeLessThan(3);
  });

  it("keeps its transparency", async () => {
    const clear = paint(64, 64, (x) => [200, 40, 40, x < 32 ? 0 : 255]);
    const [made] = await render(heicOf([await fileOf(clear, "png")]), { format: "png", name: "a.png" });
    const { data } = await sharp(made?.bytes).raw().toBuffer({ resolveWithObject: true });
    expect([data[3], data[47 * 4 + 3]]).toEqual([expect.closeTo(0, -1), expect.closeTo(255, -1)]);
  });

  it("of 10 bits is rounded to 8", async () => {
    const wide = await sharp(await fileOf(photo(64, 64), "png"))
      .toColorspace("rgb16")
      .png()
      .toBuffer();
    const heic = heicOf([wide], "-b", "10", "-q", "90");
    const probe = probeImage(new Uint8Array(heic), heic.length);
    expect(needsMoreBytes(probe) ? undefined : probe.bitDepth).toBe(10);
    const [made] = await render(heic, { format: "png", name: "a.png" });
    expect(
      await distance(
        made?.bytes ?? Buffer.alloc(0),
        await sharp(wide).resize(48).toColorspace("srgb").png().toBuffer(),
      ),
    ).toBeLessThan(3);
  });

  it("lies as its boxes say, whatever its EXIF says beside them", async () => {
    const plain = heicOf([await fileOf(quarters(64, 32), "png")], "-q", "95");
    const turned = writeAvifMetadata(new Uint8Array(turnedHeic(plain)), { exif: privateExif(false, 6) });
    const probe = probeImage(turned, turned.length);
    expect(probe).toMatchObject({ orientation: 8 });
    const [made] = await render(Buffer.from(turned), { format: "png", name: "a.png", width: 32 });
    expect(made?.file).toMatchObject({ width: 32, height: 64 });
    // Anticlockwise, the green that was top right is top left.
    const { data } = await sharp(made?.bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, 3)].map((value) => Math.round(value / 20))).toEqual([0, 10, 0]);
  });

  it("of several pictures shows the first one", async () => {
    const flat = async (color: [number, number, number, number]) =>
      await fileOf(
        paint(64, 64, () => color),
        "png",
      );
    const pair = heicOf([await flat([220, 20, 20, 255]), await flat([20, 20, 220, 255])]);
    const [made] = await render(pair, { format: "png", name: "a.png" });
    const [red = 0, , blue = 255] = await sharp(made?.bytes).removeAlpha().raw().toBuffer();
    expect(red - blue).toBeGreaterThan(150);
  });

  it("tells nobody where and when it was taken", async () => {
    const bare = new Uint8Array(heicOf([await fileOf(photo(64, 48), "png")]));
    const heic = Buffer.from(writeAvifMetadata(bare, { exif: privateExif(false), xmp: privateXmp() }));
    expect(findSecrets(heic).length).toBeGreaterThanOrEqual(10);
    const formats = ["jpeg", "png", "webp", "avif"] as const;
    const outputs = (["strip_all", "preserve_technical"] as const).flatMap((metadata) =>
      formats.map((format) => ({ format, metadata, name: `${metadata}.${format}` })),
    );
    const made = await render(heic, ...outputs);
    expect(made).toHaveLength(8);
    for (const { file, bytes } of made) {
      expect(findSecrets(bytes), file.name).toEqual([]);
      expect(bytes.includes(TECHNICAL.copyright)).toBe(file.name.startsWith("preserve"));
    }
    const [all] = await render(heic, { metadata: "preserve_all" });
    expect(findSecrets(all?.bytes ?? Buffer.alloc(0))).toEqual(expect.arrayContaining(["latitude", "taken"]));
    expect((await sharp(all?.bytes).metadata()).orientation ?? 1).toBe(1);
  });

  it("that is damaged fails as such, and leaves the transcoder well", async () => {
    const heic = heicOf([await fileOf(photo(64, 48), "png")]);
    const cut = heic.subarray(0, heic.length - 200);
    const failing = await endOf(studio.transcoder, { kind: "image", ...studio.task(cut), outputs: [image] });
    expect(failing).toMatchObject({ type: "error", code: "corrupt_image" });
    expect(await render(heic, {})).toHaveLength(1);
  });
});

describe("a transcoder without a decoder for HEIC", () => {
  const bare = useStudio({ PATH: pathOf("ffmpeg", "ffprobe", "sh") });

  it("says so when it starts, and of every HEIC", async () => {
    await bare.transcoder.logged("no_heic_decoder");
    const health = (await (await fetch(`${bare.transcoder.url}/health`)).json()) as { heic: boolean };
    expect(health.heic).toBe(false);
    const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic\0\0\0\0mif1heic")]);
    const end = await endOf(bare.transcoder, { kind: "image", ...bare.task(heic), outputs: [image] });
    expect(end).toMatchObject({ type: "error", code: "decoder_missing" });
  });
});

/** A folder that holds these programs and no others. */
function pathOf(...programs: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "path-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  for (const program of programs) {
    const found = execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
    symlinkSync(found, join(folder, program));
  }
  return folder;
}
