import sharp from "sharp";

/** Of every photo of the burst, 1.0 MP. */
const WIDTH = 1152;
const HEIGHT = 868;

/** Photos of one megapixel that no two services could take for the same file: each has a comment of its own. */
export async function makePhotos(count: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const grain = { type: "gaussian", mean: 128, sigma: 40 } as const;
  const noise = await sharp({
    create: { width: 288, height: 217, channels: 3, background: "#000", noise: grain },
  })
    .png()
    .toBuffer();
  const jpeg = await sharp(noise).resize(WIDTH, HEIGHT).jpeg({ quality: 85 }).toBuffer();
  return Array.from({ length: count }, (_, n) => withComment(jpeg, `photo ${n}`));
}

/** Puts a COM segment behind the start of the image (ITU-T T.81 B.2.4.5). */
function withComment(jpeg: Buffer, words: string): Uint8Array<ArrayBuffer> {
  const segment = Buffer.alloc(4 + words.length);
  segment.writeUInt16BE(0xfffe, 0);
  segment.writeUInt16BE(2 + words.length, 2);
  segment.write(words, 4);
  return new Uint8Array(Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]));
}
