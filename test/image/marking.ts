/** Pictures to mark and logos to mark them with. */
import type { LogoFile } from "../../src/image/logo.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { WATERMARK_DEFAULTS, type Watermark } from "../../src/image/watermark.ts";

export const LOGO = "med_logo";

export function mark(wanted: Partial<Watermark> = {}): Watermark {
  return { mediaId: LOGO, ...WATERMARK_DEFAULTS, ...wanted };
}

export function marked(wanted: Partial<Watermark>, overrides: Partial<ImageOutput> = {}): ImageOutput {
  return {
    name: "out.png",
    format: "png",
    resizeMode: "fit",
    allowEnlarge: false,
    position: { x: 0.5, y: 0.5 },
    background: [255, 255, 255, 255],
    quality: 90,
    watermark: mark(wanted),
    ...overrides,
  };
}

export function probed(file: Uint8Array): ImageProbe {
  const answer = probeImage(file, file.length);
  if (needsMoreBytes(answer)) throw new Error("short head");
  return answer;
}

export function logos(file: Uint8Array): Map<string, LogoFile> {
  return new Map([[LOGO, { bytes: file, probe: probed(file) }]]);
}
