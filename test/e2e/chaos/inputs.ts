import sharp, { type Sharp } from "sharp";
import type { OutputRequest } from "../../../src/client/resources.ts";
import { makeClip } from "../../fixtures/video.ts";

/** One file to submit, and how that must end. */
export interface ChaosInput {
  filename: string;
  bytes: Uint8Array<ArrayBuffer>;
  outputs: OutputRequest[];
  /** Names of the files it ends with; or the code with which it is refused, or fails. */
  ending: { names: string[] } | { refusedWith: string } | { failsWith: string };
}

const THUMBNAIL = { ending: { names: ["thumbnail.webp"] }, outputs: [{ preset: "thumbnail" }] };
const SMALL_ENCODER = { encoder_preset: "ultrafast" };

/** What one in so many jobs is; the first that divides wins, and the rest are photos. */
const KINDS: [every: number, make: (sources: Sources, n: number) => Promise<ChaosInput>][] = [
  [19, async (sources, n) => ({ ...brokenClip(sources, n) })],
  [17, async (sources, n) => ({ ...halfPhoto(await photo(n)), outputs: sources.none })],
  [
    13,
    async (sources, n) => ({
      filename: "notes.mp4",
      ...refused("type_mismatch"),
      bytes: text(n),
      outputs: sources.none,
    }),
  ],
  [
    11,
    async (sources, n) =>
      clip(sources, n, { names: ["stream"] }, { format: "hls", variants: [144], name: "stream" }),
  ],
  [
    7,
    async (sources, n) =>
      clip(sources, n, { names: ["small.mp4"] }, { format: "mp4", height: 144, name: "small.mp4" }),
  ],
  [
    5,
    async (sources, n) =>
      clip(sources, n, { names: ["still.jpg"] }, { preset: "video_thumbnail", name: "still.jpg" }),
  ],
  [3, async (_, n) => ({ filename: "print.jpg", bytes: await printPhoto(n), ...THUMBNAIL })],
];

interface Sources {
  clip: Buffer;
  none: OutputRequest[];
}

/** A mix of photos for the isolate, photos for libvips, clips of every kind of output, and files that are no good. */
export async function makeInputs(count: number): Promise<ChaosInput[]> {
  const options = ["-movflags", "+faststart"];
  const clipBytes = await makeClip({ width: 192, height: 144, rate: "15", seconds: 2, options });
  const sources: Sources = { clip: clipBytes, none: [{ preset: "thumbnail" }] };
  const inputs: ChaosInput[] = [];
  for (let n = 1; n <= count; n++) {
    const kind = KINDS.find(([every]) => n % every === 0);
    inputs.push(
      kind ? await kind[1](sources, n) : { filename: "photo.jpg", bytes: await photo(n), ...THUMBNAIL },
    );
  }
  return inputs;
}

const refused = (refusedWith: string) => ({ ending: { refusedWith } });

/** No two of them are the same file. */
async function photo(n: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await shades(n).jpeg().toBuffer());
}

/** Four inks: only libvips reads those. */
async function printPhoto(n: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await shades(n).toColourspace("cmyk").jpeg().toBuffer());
}

function shades(n: number): Sharp {
  const background = { r: (n * 37) % 256, g: (n * 91) % 256, b: Math.floor(n / 256) };
  return sharp({
    create: {
      width: 240,
      height: 180,
      channels: 3,
      background,
      noise: { type: "gaussian", mean: 120 + (n % 16), sigma: 30 },
    },
  });
}

function halfPhoto(whole: Uint8Array<ArrayBuffer>): Pick<ChaosInput, "filename" | "bytes" | "ending"> {
  return { filename: "half.jpg", bytes: whole.slice(0, whole.length / 2), ...refused("corrupt_image") };
}

function clip(sources: Sources, n: number, ending: { names: string[] }, output: OutputRequest): ChaosInput {
  const video = output.preset === undefined ? SMALL_ENCODER : {};
  return { filename: "clip.mp4", bytes: marked(sources.clip, n), outputs: [{ ...output, ...video }], ending };
}

/** The header is whole, and behind it there is nothing to decode. */
function brokenClip(sources: Sources, n: number): ChaosInput {
  const bytes = marked(sources.clip, n);
  bytes.fill(0, sources.clip.indexOf("mdat") + 4, sources.clip.length);
  const outputs = [{ preset: "video_thumbnail" }];
  return { filename: "broken.mp4", bytes, outputs, ending: { failsWith: "corrupt_input" } };
}

/** The clip with a box behind it that players skip, so that it is a file of its own (ISO/IEC 14496-12 §8.1.2). */
function marked(mp4: Buffer, n: number): Uint8Array<ArrayBuffer> {
  const box = Buffer.alloc(12);
  box.writeUInt32BE(box.length, 0);
  box.write("free", 4);
  box.writeUInt32BE(n, 8);
  return new Uint8Array(Buffer.concat([mp4, box]));
}

function text(n: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(`These are notes, and no film. ${n} `.repeat(20)));
}
