import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

const WIDTH_PX = 2048;
const HEIGHT_PX = 1536;
const RIDGES = 6;

/**
 * Draws a photo-like landscape of 3 megapixels: dusk sky, ridges fading into haze, water, grain. It is stored lying
 * on its side with EXIF orientation 6 and GPS coordinates, as a phone would, so that a pipeline has both to handle.
 * Returns the path of the JPEG.
 */
export async function makeSamplePhoto(dir: string): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "dusk.jpg");
  const upright = await sharp(Buffer.from(landscape()))
    .composite([{ input: await grain(), blend: "soft-light" }])
    .removeAlpha()
    .png({ compressionLevel: 1 })
    .toBuffer();
  await sharp(upright)
    .rotate(-90)
    .withMetadata({ orientation: 6 })
    .withExifMerge({
      IFD0: { Make: "Darkroom", Model: "Sample camera", Software: "demo" },
      IFD3: {
        GPSLatitudeRef: "N",
        GPSLatitude: "46/1 33/1 1380/100",
        GPSLongitudeRef: "E",
        GPSLongitude: "7/1 58/1 4620/100",
      },
    })
    .jpeg({ quality: 92, chromaSubsampling: "4:4:4" })
    .toFile(path);
  return path;
}

function landscape(): string {
  const ridges = Array.from({ length: RIDGES }, (_, index) => ridge(index)).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_PX}" height="${HEIGHT_PX}">
    <defs>
      <linearGradient id="sky" x2="0" y2="1">
        <stop offset="0" stop-color="#16224a"/><stop offset=".35" stop-color="#5b4a86"/>
        <stop offset=".52" stop-color="#d9786b"/><stop offset=".64" stop-color="#f9c983"/>
      </linearGradient>
      <radialGradient id="sun"><stop offset="0" stop-color="#fff6d8"/><stop offset=".12" stop-color="#ffe9ae"/>
        <stop offset=".3" stop-color="#ffcf86" stop-opacity=".5"/><stop offset="1" stop-color="#ffcf86" stop-opacity="0"/>
      </radialGradient>
      <linearGradient id="water" x2="0" y2="1">
        <stop offset="0" stop-color="#e39a78"/><stop offset="1" stop-color="#1b1a3a"/>
      </linearGradient>
      <filter id="clouds" x="0" y="0" width="100%" height="100%">
        <feTurbulence type="fractalNoise" baseFrequency=".0016 .007" numOctaves="5" seed="11"/>
        <feColorMatrix values="0 0 0 0 1  0 0 0 0 .78  0 0 0 0 .66  0 0 0 2.6 -1.25"/>
      </filter>
      <filter id="ripples" x="0" y="0" width="100%" height="100%">
        <feTurbulence type="fractalNoise" baseFrequency=".003 .07" numOctaves="3" seed="4"/>
        <feColorMatrix values="0 0 0 0 1  0 0 0 0 .85  0 0 0 0 .7  0 0 0 1.9 -.9"/>
      </filter>
    </defs>
    <rect width="100%" height="100%" fill="url(#sky)"/>
    <rect width="100%" height="60%" filter="url(#clouds)" opacity=".55"/>
    <circle cx="1320" cy="860" r="620" fill="url(#sun)"/>
    <rect y="1120" width="100%" height="416" fill="url(#water)"/>
    ${ridges}
    <rect y="1190" width="100%" height="346" filter="url(#ripples)" opacity=".4"/>
  </svg>`;
}

/** One mountain ridge; nearer ones are lower, darker and rougher. */
function ridge(index: number): string {
  const nearness = index / (RIDGES - 1);
  const baseY = 830 + nearness * 290;
  const points: string[] = [];
  for (let x = 0; x <= WIDTH_PX; x += 8) {
    points.push(`${x},${Math.round(baseY - ridgeHeight(x, index) * (150 - 90 * nearness))}`);
  }
  const lightness = Math.round(58 - nearness * 47);
  return `<polygon fill="hsl(${258 - nearness * 18} ${22 + nearness * 10}% ${lightness}%)"
    points="0,1215 ${points.join(" ")} ${WIDTH_PX},1215"/>`;
}

/** A few waves of falling size: smooth enough for hills, never the same twice along the ridge. */
function ridgeHeight(x: number, seed: number): number {
  let height = 0;
  for (let octave = 0; octave < 6; octave += 1) {
    const frequency = 0.0021 * 1.93 ** octave;
    height += Math.sin(x * frequency + seed * 2.4 + octave * octave) * 0.52 ** octave;
  }
  return height;
}

function grain(): Promise<Buffer> {
  return sharp({
    create: {
      width: WIDTH_PX,
      height: HEIGHT_PX,
      channels: 3,
      background: "#808080",
      noise: { type: "gaussian", mean: 128, sigma: 14 },
    },
  })
    .png({ compressionLevel: 1 })
    .toBuffer();
}
