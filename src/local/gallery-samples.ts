import { join } from "node:path";
import sharp from "sharp";
import { ORIENTATIONS } from "./gallery-sections.ts";

/** A logo with transparency around it. Returns the path of the PNG. */
export async function makeSampleLogo(dir: string): Promise<string> {
  const path = join(dir, "logo.png");
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="480" height="160" viewBox="0 0 480 160">
    <rect x="4" y="4" width="472" height="152" rx="76" fill="#10131f" fill-opacity=".72" stroke="#fff" stroke-width="6"/>
    <circle cx="82" cy="80" r="40" fill="none" stroke="#fff" stroke-width="12"/><circle cx="82" cy="80" r="14" fill="#fff"/>
    <path d="M160 50v60h26c20 0 34-12 34-30s-14-30-34-30zM250 110l26-60 26 60M336 110V50h24c28 0 28 36 0 36h-24m22 0 20 24M404 50v60M446 50l-42 34 44 26"
      fill="none" stroke="#fff" stroke-width="11" stroke-linejoin="round" stroke-linecap="round"/></svg>`;
  await sharp(Buffer.from(drawing)).png().toFile(path);
  return path;
}

const SIDE_PX = 480;

/**
 * A small copy of a photo for each way that a camera can be held: stored turned, with the EXIF tag that says how.
 *
 * @returns the paths of the JPEGs, in the order of {@link ORIENTATIONS}
 */
export async function makeOrientedPhotos(dir: string, photo: string): Promise<string[]> {
  const box = { width: SIDE_PX, height: SIDE_PX, fit: "inside" } as const;
  const upright = await sharp(photo).autoOrient().resize(box).png().toBuffer();
  return await Promise.all(
    ORIENTATIONS.map(async (orientation) => {
      const path = join(dir, `orientation-${orientation}.jpg`);
      const stored = await turned(upright, orientation);
      await sharp(stored).withMetadata({ orientation }).jpeg({ quality: 90 }).toFile(path);
      return path;
    }),
  );
}

/** How an upright picture is stored under an orientation (EXIF 2.32, tag 0x0112): turned first, then mirrored. */
async function turned(upright: Buffer, orientation: number): Promise<Buffer> {
  const angle = { 3: 180, 5: 90, 6: 270, 7: 90, 8: 90 }[orientation] ?? 0;
  const lying = sharp(await sharp(upright).rotate(angle).png().toBuffer());
  if (orientation === 2 || orientation === 5) return await lying.flop().png().toBuffer();
  if (orientation === 4 || orientation === 7) return await lying.flip().png().toBuffer();
  return await lying.png().toBuffer();
}
