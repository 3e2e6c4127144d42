import "./wasm-modules.ts";
import sharp from "sharp";
import type { ImageOutput } from "../../src/image/output.ts";

sharp.concurrency(1);
sharp.cache(false);

/** Makes a WebP of quality 80 and a width out of a file; the effort is the same everywhere (method 4). */
export type Engine = (file: Uint8Array, width: number) => Promise<Uint8Array>;

const QUALITY = 80;

export const WEBP_OUTPUT: ImageOutput = {
  name: "small.webp",
  format: "webp",
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: QUALITY,
};

/** The edge lane as it is, from the probe to the finished file. */
async function loadDarkroom(): Promise<Engine> {
  const { renderImage } = await import("../../src/image/pipeline.ts");
  const { needsMoreBytes, probeImage } = await import("../../src/image/probe.ts");
  return async (file, width) => {
    const probe = probeImage(file, file.length);
    if (needsMoreBytes(probe)) throw new Error("The file ends in its header.");
    const [image] = await renderImage(file, probe, [{ ...WEBP_OUTPUT, width }]);
    if (image === undefined) throw new Error("nothing rendered");
    return image.bytes;
  };
}

async function loadSharp(): Promise<Engine> {
  return async (file, width) =>
    await sharp(file, { limitInputPixels: false }).resize(width).webp({ quality: QUALITY }).toBuffer();
}

/** What a worker does without kernels of its own: decode all pixels, resize them, encode. */
async function loadJsquash(): Promise<Engine> {
  const jpeg = await import("@jsquash/jpeg/decode.js");
  const jpegWasm = await import("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm?module");
  const png = await import("@jsquash/png/decode.js");
  const pngWasm = await import("@jsquash/png/codec/pkg/squoosh_png_bg.wasm?module");
  const resize = await import("@jsquash/resize");
  const resizeWasm = await import("@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm?module");
  const { decodeWebp, encodeWebp } = await import("../../src/image/codecs/webp.ts");
  await jpeg.init(jpegWasm.default);
  await png.init(pngWasm.default);
  await resize.initResize(resizeWasm.default);
  return async (file, width) => {
    const isPng = file[0] === 0x89;
    const isWebp = file[0] === 0x52;
    const bytes = new Uint8Array(file).buffer;
    const decoded = isWebp
      ? await decodeWebp(file)
      : isPng
        ? await png.decode(bytes)
        : await jpeg.default(bytes);
    if (decoded === null) throw new Error("libwebp refused");
    const height = Math.round((decoded.height * width) / decoded.width);
    const small = await resize.default(decoded as never, {
      width,
      height,
      method: "lanczos3",
      premultiply: isPng,
      linearRGB: false,
    });
    const encoded = await encodeWebp(
      { width, height, data: small.data as Uint8ClampedArray<ArrayBuffer> },
      { format: "webp", quality: QUALITY },
    );
    if (encoded === null) throw new Error("libwebp refused");
    return encoded;
  };
}

export const ENGINES = { darkroom: loadDarkroom, sharp: loadSharp, jsquash: loadJsquash };
export type EngineName = keyof typeof ENGINES;

/** What jSquash makes its pictures with; only browsers have one. */
class PlainImageData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}
Reflect.set(globalThis, "ImageData", PlainImageData);
