import { MediaError, toMediaError } from "../errors.ts";
import { openImage } from "./decode.ts";
import { demandOf, type Sampling, samplingOf } from "./demand.ts";
import { drawLogo } from "./draw-logo.ts";
import type { Size } from "./geometry.ts";
import { orientPixels } from "./orient.ts";
import type { Pixels } from "./pixels.ts";
import { type ImageProbe, orientedSize } from "./probe.ts";
import { placeLogo, type Watermark } from "./watermark.ts";

/** A logo as it is stored, by the media id that watermarks name. */
export interface LogoFile {
  bytes: Uint8Array;
  probe: ImageProbe;
}
export type Logos = ReadonlyMap<string, LogoFile>;

/**
 * Marks a picture with a logo; the picture itself when there is none to mark it with. The logo is turned upright and
 * scaled with its alpha by the same resizer as every picture.
 *
 * @throws MediaError `unusable_logo` when it is not at hand, damaged, or of a kind that this lane cannot decode
 */
export async function markPixels(
  picture: Pixels,
  watermark: Watermark | undefined,
  logos: Logos,
): Promise<Pixels> {
  if (watermark === undefined) return picture;
  const file = logos.get(watermark.mediaId);
  if (file === undefined) throw new MediaError("unusable_logo", "The logo of the watermark is not at hand.");
  const placement = placeLogo(picture, orientedSize(file.probe), watermark);
  return drawLogo(picture, await scaleLogo(file, placement), placement, watermark);
}

/** How a logo is resampled to a size, px: all of it. */
export function logoSampling(probe: ImageProbe, { width, height }: Size): Sampling {
  const upright = orientedSize(probe);
  const whole = { left: 0, top: 0, ...upright };
  const size = { width, height };
  return samplingOf({ crop: whole, resized: size, canvas: { left: 0, top: 0, ...size } }, probe);
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
