import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderImage as renderInContainer } from "../../../containers/transcoder/render-image.ts";
import { readExif } from "../../../src/image/metadata/exif-block.ts";
import type { MetadataChoice } from "../../../src/image/metadata/modes.ts";
import { writeAvifMetadata } from "../../../src/image/metadata/write-avif.ts";
import { writeWebpMetadata } from "../../../src/image/metadata/write-webp.ts";
import type { ImageOutput } from "../../../src/image/output.ts";
import { renderImage } from "../../../src/image/pipeline.ts";
import { needsMoreBytes, probeImage } from "../../../src/image/probe.ts";
import { ascii, concat, EDGE_FORMATS, fileOf, photo, segment, withSegments } from "../../fixtures/images.ts";
import { findSecrets } from "./find-secrets.ts";
import { privateExif, privateJpeg, privatePng, privateXmp, SECRETS, TECHNICAL } from "./private-photo.ts";

const OUTPUT: ImageOutput = {
  name: "out",
  format: "jpeg",
  width: 40,
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 70,
};

/** Files are written anew under the same name. */
sharp.cache(false);

const inputs: Record<string, Uint8Array<ArrayBuffer>> = {};
const EDGE_INPUTS = ["jpeg, big-endian", "jpeg, little-endian", "png", "webp"];
const INPUTS = [...EDGE_INPUTS, "avif"];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "privacy-"));
  const picture = photo(64, 48);
  const file = async (format: ImageOutput["format"]) => await fileOf(picture, format);
  const blocks = { exif: privateExif(false), xmp: privateXmp() };
  inputs["jpeg, big-endian"] = privateJpeg(await file("jpeg"));
  inputs["jpeg, little-endian"] = privateJpeg(await file("jpeg"), true);
  inputs.png = privatePng(await file("png"));
  inputs.webp = writeWebpMetadata(await file("webp"), blocks);
  inputs.avif = writeAvifMetadata(await file("avif"), blocks);
});
afterAll(() => rmSync(folder, { recursive: true }));

function inputOf(name: string): Uint8Array<ArrayBuffer> {
  const input = inputs[name];
  if (!input) throw new Error(`no ${name}`);
  return input;
}

async function atTheEdge(name: string, outputs: ImageOutput[]): Promise<Uint8Array[]> {
  const input = inputOf(name);
  const probe = probeImage(input, input.length);
  if (needsMoreBytes(probe)) throw new Error("short head");
  return (await renderImage(input, probe, outputs)).map(({ bytes }) => bytes);
}

async function inTheContainer(name: string, outputs: ImageOutput[]): Promise<Uint8Array[]> {
  const picture = join(folder, "picture");
  writeFileSync(picture, inputOf(name));
  const files: Uint8Array[] = [];
  for (const output of outputs) {
    const file = join(folder, "out");
    await renderInContainer(picture, output, file);
    files.push(new Uint8Array(readFileSync(file)));
  }
  return files;
}

/** One output of each format, keeping the same. */
function outputsThatKeep(metadata: MetadataChoice): ImageOutput[] {
  return EDGE_FORMATS.map((format) => ({ ...OUTPUT, format, name: format, metadata }));
}

const LANES = [
  ...EDGE_INPUTS.map((input) => ({ input, lane: "edge", render: atTheEdge })),
  ...INPUTS.map((input) => ({ input, lane: "container", render: inTheContainer })),
];

describe.each(LANES)("$input, made at the $lane", ({ input, render }) => {
  it("holds secrets, which the search finds", () => {
    const found = findSecrets(inputOf(input));
    expect(found).toEqual(
      expect.arrayContaining(["latitude", "longitude", "gpsDate", "taken", "xmpLatitude"]),
    );
    expect(found.length).toBeGreaterThanOrEqual(10);
  });

  it("leaves not a byte of them under strip_all and preserve_technical", async () => {
    const outputs = [...outputsThatKeep("strip_all"), ...outputsThatKeep("preserve_technical")];
    const files = await render(input, outputs);
    expect(files).toHaveLength(8);
    for (const [index, file] of files.entries()) expect(findSecrets(file), outputs[index]?.name).toEqual([]);
  });

  it("keeps the settings and the copyright under preserve_technical, as libvips reads them", async () => {
    for (const file of await render(input, outputsThatKeep("preserve_technical"))) {
      const { exif, xmp, iptc, orientation, width } = await sharp(file).metadata();
      expect([xmp, iptc, orientation, width]).toEqual([undefined, undefined, undefined, 40]);
      const text = Buffer.from(exif ?? []).toString("latin1");
      for (const value of Object.values(TECHNICAL)) expect(text).toContain(value);
      expect(exposureOf(exif)).toEqual([0x829a, 0x829d, 0x8827]);
    }
  });

  it("keeps everything but the thumbnails under preserve_all, true of the picture as it is now", async () => {
    for (const file of await render(input, outputsThatKeep("preserve_all"))) {
      const found = findSecrets(file);
      expect(found).toEqual(
        expect.arrayContaining(["latitude", "taken", "owner", "makerNote", "xmpLatitude"]),
      );
      expect(found).not.toContain("thumbnail");
      const { exif, xmp, orientation, width, height } = await sharp(file).metadata();
      // An AVIF lies as its own boxes say, whatever its EXIF does.
      expect([orientation ?? 1, width, height]).toEqual([1, 40, input === "avif" ? 30 : 53]);
      expect(sidesIn(exif)).toEqual([width, height]);
      expect(xmp?.toString()).toContain('tiff:Orientation="1" exif:PixelXDimension="40"');
      expect(await sharp(file).removeAlpha().raw().toBuffer()).toHaveLength(width * height * 3);
    }
  });

  it("keeps what is named and nothing else", async () => {
    const [jpeg, webp] = await render(input, [
      { ...OUTPUT, metadata: { keep: ["artist", "gps"] } },
      { ...OUTPUT, format: "webp", metadata: { keep: ["copyright"] } },
    ]);
    expect(findSecrets(jpeg ?? new Uint8Array())).toEqual(["latitude", "longitude", "gpsDate", "artist"]);
    const text = Buffer.from(webp ?? []).toString("latin1");
    expect(text).toContain(TECHNICAL.copyright);
    expect(text).not.toContain(TECHNICAL.make);
  });
});

it("keeps the records of IPTC in a JPEG that keeps all", async () => {
  for (const render of [atTheEdge, inTheContainer]) {
    const [file] = await render("jpeg, big-endian", [{ ...OUTPUT, metadata: "preserve_all" }]);
    const { iptc } = await sharp(file).metadata();
    expect(iptc?.toString("latin1")).toContain(SECRETS.city);
  }
});

it("takes a Photoshop segment without records of IPTC for one", async () => {
  const thumbnail = concat(ascii("8BIM"), [4, 12, 0, 0, 0, 0, 0, 2, 9, 9]);
  const bare = await fileOf(photo(64, 48), "jpeg");
  inputs.retouched = withSegments(bare, segment(0xed, concat(ascii("Photoshop 3.0\0"), thumbnail)));
  const [file] = await atTheEdge("retouched", [{ ...OUTPUT, metadata: "preserve_all" }]);
  expect((await sharp(file).metadata()).iptc).toBeUndefined();
});

it("makes the same picture of a file whose EXIF is cut or mixed up, at every byte", async () => {
  const input = inputOf("jpeg, little-endian");
  const start = Buffer.from(input).indexOf("Exif") + 6;
  const outputs = (["preserve_all", "preserve_technical"] as const).map((metadata) => ({
    ...OUTPUT,
    metadata,
  }));
  for (let at = start; at < start + 420; at += 7) {
    inputs.mixed = input.slice();
    for (let next = at; next < start + 420; next += 29) inputs.mixed[next] = (at * next) & 255;
    const files = await atTheEdge("mixed", outputs);
    for (const file of files) expect((await sharp(file).metadata()).format).toBe("jpeg");
  }
});

function blockOf(exif: Buffer | undefined) {
  return readExif(new Uint8Array(exif?.subarray(exif.indexOf("Exif") === 0 ? 6 : 0) ?? []));
}

function exposureOf(exif: Buffer | undefined): number[] | undefined {
  return blockOf(exif)?.directories.exif.map(({ tag }) => tag);
}

function sidesIn(exif: Buffer | undefined): (number | undefined)[] {
  const block = blockOf(exif);
  return [0xa002, 0xa003].map((tag) => {
    const value = block?.directories.exif.find((entry) => entry.tag === tag)?.value;
    return value && Buffer.from(value)[block?.littleEndian ? "readUInt32LE" : "readUInt32BE"]();
  });
}
