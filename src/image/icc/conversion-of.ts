import { MediaError } from "../../errors.ts";
import { latin1 } from "../metadata/bytes.ts";
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
  probe: Pick<ImageProbe, "colorModel" | "profileKind">,
): ColorConversion | undefined {
  const profile = icc && readProfile(icc);
  if (!profile) return undefined;
  const isGray = probe.colorModel === "grayscale";
  if (profile.kind === "lut") {
    // A probe from before profiles were told apart could send no such picture to the container: better plain than not.
    if (profile.space !== (isGray ? "GRAY" : "RGB ") || probe.profileKind === undefined) return undefined;
    throw new MediaError(
      "unsupported_image",
      "This lane has no tables of colours to apply the profile with.",
    );
  }
  return isGray === (profile.kind === "gray") ? toSrgb(profile) : undefined;
}

/** Where a profile says of which space it is. */
const SPACE_AT = 16;

/** Whether the pixels of a picture can be left in the colours of its profile: outputs are never gray or CMYK. */
export function isKeepable(
  icc: Uint8Array | undefined,
  probe: Pick<ImageProbe, "colorModel">,
): icc is Uint8Array {
  const isRgb = ["rgb", "ycbcr", "palette"].includes(probe.colorModel);
  return isRgb && icc !== undefined && latin1(icc.subarray(SPACE_AT, SPACE_AT + 4)) === "RGB ";
}
