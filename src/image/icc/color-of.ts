import { MediaError } from "../../errors.ts";
import type { ImageProbe } from "../probe.ts";
import { readProfile } from "./profile.ts";
import { type ColorConversion, toSrgb } from "./to-srgb.ts";

/**
 * How the pixels of a picture become sRGB; undefined when they are it, for want of a profile or by the profile's own
 * word. A profile that is damaged, or for other pixels than the picture has, is not there.
 *
 * @throws MediaError `unsupported_image` for a profile that needs a table of colours
 */
export function conversionOf(
  icc: Uint8Array | undefined,
  probe: Pick<ImageProbe, "colorModel">,
): ColorConversion | undefined {
  const profile = icc && readProfile(icc);
  if (!profile) return undefined;
  const isGray = probe.colorModel === "grayscale";
  if (profile.kind === "lut") {
    if (profile.space !== (isGray ? "GRAY" : "RGB ")) return undefined;
    throw new MediaError("unsupported_image", "This lane has no tables of colours to apply the profile with.");
  }
  return isGray === (profile.kind === "gray") ? toSrgb(profile) : undefined;
}

const SPACE = { at: 16, rgb: "RGB " };

/** Whether a profile is one of RGB, which outputs can keep: they are never written in gray or CMYK. */
export function isRgbProfile(icc: Uint8Array): boolean {
  return String.fromCharCode(...icc.subarray(SPACE.at, SPACE.at + 4)) === SPACE.rgb;
}
