import { join } from "node:path";
import sharp from "sharp";

/** A file to shrink, as it lies on disk. */
export interface Photo {
  path: string;
  /** px */
  width: number;
  height: number;
}

const MEGAPIXELS = { 12: [4000, 3000], 24: [6000, 4000], 50: [8192, 6144] } as const;
export type Megapixels = keyof typeof MEGAPIXELS;

/** Px between the random points of each layer of light, and how far a layer goes to either side of gray. */
const LAYERS = [
  { px: 400, reach: 100 },
  { px: 40, reach: 40 },
  { px: 6, reach: 22 },
];
/** Standard deviation of sensor-like grain, of 255. With it, q85 takes about 2 bits for a px, as phones write. */
const GRAIN = 8.5;

/**
 * Draws photo-like pictures in code: light and colour at three sizes of detail, and grain. As JPEG 4:2:0 at quality 85,
 * baseline and progressive; the same pixels on every run.
 */
export async function makePhotos(
  dir: string,
  megapixels: Megapixels,
): Promise<Record<"baseline" | "progressive", Photo>> {
  const [width, height] = MEGAPIXELS[megapixels];
  const raw = { width, height, channels: 3 as const };
  const image = sharp(await draw(width, height), { raw, limitInputPixels: false });
  const baseline = join(dir, `${megapixels}mp.jpg`);
  const progressive = join(dir, `${megapixels}mp-progressive.jpg`);
  await image.clone().jpeg({ quality: 85 }).toFile(baseline);
  await image.clone().jpeg({ quality: 85, progressive: true, optimizeScans: false }).toFile(progressive);
  return { baseline: { path: baseline, width, height }, progressive: { path: progressive, width, height } };
}

/** A disc of a photo that fades out at its edge, as PNG. */
export async function makeTransparentPng(dir: string, from: Photo): Promise<Photo> {
  const [width, height] = [1632, 1224];
  const rgba = await sharp(from.path).resize(width, height).ensureAlpha().raw().toBuffer();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot(x - width / 2, y - height / 2);
      rgba[(y * width + x) * 4 + 3] = Math.round(255 * Math.min(1, Math.max(0, (600 - distance) / 50)));
    }
  }
  const path = join(dir, "2mp.png");
  await sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toFile(path);
  return { path, width, height };
}

/** The same photo as lossy WebP. */
export async function makeWebp(dir: string, { path: from, width, height }: Photo): Promise<Photo> {
  const path = join(dir, "photo.webp");
  await sharp(from).webp({ quality: 85, effort: 2 }).toFile(path);
  return { path, width, height };
}

/** A photo of 50 megapixels at a quality at which a px takes a byte. */
export async function makeLargeFile(dir: string, { path: from, width, height }: Photo): Promise<Photo> {
  const path = join(dir, "large.jpg");
  await sharp(from, { limitInputPixels: false })
    .jpeg({ quality: 99, chromaSubsampling: "4:4:4" })
    .toFile(path);
  return { path, width, height };
}

async function draw(width: number, height: number): Promise<Buffer> {
  const next = randomInts(7);
  const layers: Buffer[] = [];
  for (const { px, reach } of LAYERS) layers.push(await drawLayer(width, height, px, reach, next));
  const grain = Int8Array.from({ length: 65_536 }, () => gaussian(next) * GRAIN);
  const [first = Buffer.alloc(0), ...others] = layers;
  for (let at = 0; at < first.length; at += 3) {
    const speck = grain[next() >>> 16] ?? 0;
    for (let channel = at; channel < at + 3; channel++) {
      const light = others.reduce((sum, layer) => sum + (layer[channel] ?? 128) - 128, first[channel] ?? 128);
      first[channel] = Math.min(255, Math.max(0, light + speck));
    }
  }
  return first;
}

async function drawLayer(
  width: number,
  height: number,
  px: number,
  reach: number,
  next: () => number,
): Promise<Buffer> {
  const points = { width: Math.ceil(width / px), height: Math.ceil(height / px), channels: 3 as const };
  const raw = Buffer.from(
    Uint8Array.from({ length: points.width * points.height * 3 }, () => 128 + ((next() >> 24) * reach) / 128),
  );
  return await sharp(raw, { raw: points })
    .resize(width, height, { kernel: "cubic", fit: "fill" })
    .raw()
    .toBuffer();
}

/** 32-bit numbers of a linear congruential generator (Numerical Recipes). */
function randomInts(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state;
  };
}

/** About normal, with variance 1: the sum of four even numbers. */
function gaussian(next: () => number): number {
  let sum = 0;
  for (let term = 0; term < 4; term++) sum += (next() >>> 8) / 2 ** 24;
  return (sum - 2) * Math.sqrt(3);
}
