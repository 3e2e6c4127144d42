import { openJpeg } from "../../../src/image/codecs/jpeg-planes.ts";
import { demandOf } from "../../../src/image/demand.ts";
import type { Rectangle, Size } from "../../../src/image/geometry.ts";
import type { Pixels } from "../../../src/image/pixels.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../../../src/image/probe.ts";
import { filtersFor } from "../../../src/image/resize.ts";

export function probed(file: Uint8Array): ImageProbe {
  const answer = probeImage(file, file.length);
  if (needsMoreBytes(answer)) throw new Error("short head");
  return answer;
}

/** A window of a JPEG at a size, decoded no finer than that needs. */
export async function renderJpeg(
  file: Uint8Array,
  size: Size,
  window: Rectangle = { left: 0, top: 0, ...sizeOf(file) },
  hasHalfColor = false,
): Promise<Pixels> {
  const probe = probed(file);
  const planes = await openJpeg(file, probe, demandOf(probe, [{ window, size, hasHalfColor }]));
  return await planes.resample(window, size, filtersFor(window, size));
}

export function sizeOf(file: Uint8Array): Size {
  const { width, height } = probed(file);
  return { width, height };
}

/**
 * Peak signal to noise ratio of two pictures of one size, dB; colour of RGBA as it shows on black. Infinity when they
 * are equal.
 */
export function psnr(a: Uint8Array | Uint8ClampedArray, b: Uint8Array | Uint8ClampedArray): number {
  if (a.length !== b.length) throw new Error(`${a.length} bytes are not ${b.length}`);
  let squares = 0;
  for (let at = 0; at < a.length; at += 4) {
    const alphaA = (a[at + 3] ?? 0) / 255;
    const alphaB = (b[at + 3] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel++) {
      squares += ((a[at + channel] ?? 0) * alphaA - (b[at + channel] ?? 0) * alphaB) ** 2;
    }
    squares += ((a[at + 3] ?? 0) - (b[at + 3] ?? 0)) ** 2;
  }
  return 10 * Math.log10((255 * 255 * a.length) / squares);
}
