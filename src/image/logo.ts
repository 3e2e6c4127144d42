import { MediaError, toMediaError } from "../errors.ts";
import { openImage } from "./decode.ts";
import { demandOf, type Sampling } from "./demand.ts";
import type { Size } from "./geometry.ts";
import { orientPixels, storedSize } from "./orient.ts";
import type { Pixels } from "./pixels.ts";
import { type ImageProbe, orientedSize } from "./probe.ts";
import { type LogoPlacement, placeLogo, type Watermark } from "./watermark.ts";

/** A logo as it is stored, by the media id that watermarks name. */
export interface LogoFile {
  bytes: Uint8Array;
  probe: ImageProbe;
}
export type Logos = ReadonlyMap<string, LogoFile>;

/** A logo that is ready to be drawn. */
export interface PlacedLogo {
  /** Of the placement's size. */
  pixels: Pixels;
  placement: LogoPlacement;
}

/**
 * The logo of a watermark for a picture, turned upright and scaled with its alpha by the same resizer as every picture;
 * undefined without a watermark.
 *
 * @param canvas size of the picture, px
 * @throws MediaError `unusable_logo` when it is not at hand, damaged, or of a kind that this lane cannot decode
 */
export async function placedLogo(
  watermark: Watermark | undefined,
  canvas: Size,
  logos: Logos,
): Promise<PlacedLogo | undefined> {
  if (watermark === undefined) return undefined;
  const file = logos.get(watermark.mediaId);
  if (file === undefined) throw new MediaError("unusable_logo", "The logo of the watermark is not at hand.");
  const placement = placeLogo(canvas, orientedSize(file.probe), watermark);
  return { pixels: await scaleLogo(file, placement), placement };
}

/** How a logo is resampled to a size, px: all of it, as it is stored. */
export function logoSampling(probe: ImageProbe, size: Size): Sampling {
  const { width, height, orientation } = probe;
  return { window: { left: 0, top: 0, width, height }, size: storedSize(size, orientation) };
}

async function scaleLogo({ bytes, probe }: LogoFile, wanted: Size): Promise<Pixels> {
  const { window, size } = logoSampling(probe, wanted);
  try {
    const source = await openImage(bytes, probe, demandOf(probe, [{ window, size }]));
    return orientPixels(await source.resample(window, size), probe.orientation);
  } catch (thrown) {
    const { message, privateDetail } = toMediaError(thrown);
    throw new MediaError("unusable_logo", `The logo cannot be used. ${message}`, {
      privateDetail,
      cause: thrown,
    });
  }
}
