import { MediaError } from "../errors.ts";
import type { Size } from "./geometry.ts";
import { logoSampling } from "./logo.ts";
import { kernelBytes, markBytes } from "./memory.ts";
import type { ImageOutput } from "./output.ts";
import { type ImageProbe, orientedSize } from "./probe.ts";
import { placeLogo } from "./watermark.ts";

/** What is known of a logo before it is read. */
export interface LogoHeader {
  probe: ImageProbe;
  /** Size of its file. */
  bytes: number;
}

/** By the media id that watermarks name. */
export type LogoHeaders = ReadonlyMap<string, LogoHeader>;

/** What marking one output costs on the edge lane, beside the output itself; all in bytes. */
export interface LogoCost {
  /** Of the kernels' memory while the logo is resampled. */
  kernels: number;
  /** Of everything else. */
  rest: number;
}

const NOTHING: LogoCost = { kernels: 0, rest: 0 };

/** @param canvas size of the output, px */
export function planLogo(output: ImageOutput, canvas: Size, logos: LogoHeaders): LogoCost {
  const logo = logoOf(output, logos);
  if (logo === undefined || output.watermark === undefined) return NOTHING;
  const { probe, bytes } = logo;
  const placement = placeLogo(canvas, orientedSize(probe), output.watermark);
  return {
    kernels: kernelBytes(probe, [logoSampling(probe, placement)], bytes),
    rest: bytes + markBytes(canvas, placement, probe, bytes),
  };
}

/**
 * The logo that an output is marked with; undefined when it is not marked.
 *
 * @throws MediaError `unusable_logo` when nothing is known of it
 */
export function logoOf(output: ImageOutput, logos: LogoHeaders): LogoHeader | undefined {
  if (output.watermark === undefined) return undefined;
  const logo = logos.get(output.watermark.mediaId);
  if (logo !== undefined) return logo;
  throw new MediaError("unusable_logo", "The logo of the watermark is not at hand.");
}
