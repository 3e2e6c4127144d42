import { FLIPS } from "../image/output.ts";
import {
  color,
  decimal,
  either,
  flag,
  integer,
  isString,
  oneOf,
  pattern,
  point,
  sides,
  type ValueKind,
} from "./values.ts";

/** Most that a side may be asked to be, px. */
export const MAX_URL_SIDE_PX = 4096;

/** How an image meets its box, in the words of Cloudflare's image URLs. */
export const FITS = [
  "scale-down",
  "contain",
  "cover",
  "crop",
  "aspect-crop",
  "pad",
  "squeeze",
  "scale-up",
] as const;
export type Fit = (typeof FITS)[number];

/** Words for quality, from Cloudflare's image URLs and from Darkroom's jobs. */
export const URL_QUALITY_WORDS = ["low", "medium-low", "medium", "medium-high", "high", "maximum"] as const;

export const URL_FORMATS = ["auto", "webp", "jpeg", "baseline-jpeg", "png", "avif", "json"] as const;

interface OptionRow<T> {
  aliases: readonly string[];
  value: ValueKind<T>;
  /** What it does, one sentence for the table of options. */
  meaning: string;
}

function option<T>(value: ValueKind<T>, meaning: string, ...aliases: string[]): OptionRow<T> {
  return { value, meaning, aliases };
}

const side = integer(1, MAX_URL_SIDE_PX);
const edge = integer(0, MAX_URL_SIDE_PX);
const factor = decimal(0, 10);
const quality = either(oneOf(...URL_QUALITY_WORDS), integer(1, 100), isString as never);

/**
 * One row an option, in canonical order: adding one here adds it to parsing, formatting, the cache key and the table in
 * the README. Options are Cloudflare's (https://developers.cloudflare.com/images/optimization/features/) and a few of
 * our own.
 */
export const OPTION_ROWS = {
  preset: option(
    pattern(/^[a-z0-9][a-z0-9_-]{0,39}$/, "the name of a preset"),
    "A named set of options; others in the URL win over it.",
  ),
  width: option(
    either(oneOf("auto"), side, isString as never),
    "px, or `auto`: 320, 768, 960 or 1200 by client hints, else by user agent.",
    "w",
  ),
  height: option(side, "px.", "h"),
  fit: option(
    oneOf(...FITS),
    "How the image meets its box; `scale-down` (default), `crop` and `aspect-crop` never enlarge, `scale-up` never shrinks.",
  ),
  gravity: option(
    either(oneOf("auto", "face", "center", "left", "right", "top", "bottom"), point, isString as never),
    "What a crop keeps: what draws the eye (`auto`), faces, a side, or a point.",
    "g",
  ),
  zoom: option(
    decimal(0, 1),
    "With `gravity=face`: 0 (default) shows as much around it as fits, 1 the face alone.",
  ),
  dpr: option(decimal(1, 3), "Multiplies width, height, trim and border."),
  quality: option(quality, "1–100 or a word; `high` when absent. PNG loses nothing at any.", "q"),
  "slow-connection-quality": option(
    quality,
    "Takes the place of quality when `Save-Data`, `ECT`, `RTT` or `Downlink` tell of a slow connection.",
    "scq",
  ),
  format: option(
    oneOf(...URL_FORMATS),
    "`auto` (default) goes by the `Accept` header: AVIF once it is made, until then WebP, else JPEG or PNG; `json` tells of the image instead of showing it.",
    "f",
  ),
  compression: option(
    oneOf("fast"),
    "`fast` makes JPEG (PNG where there is alpha), whatever `f=auto` would.",
  ),
  anim: option(flag, "`false` makes a still of the first frame; otherwise what moves stays moving, as WebP."),
  metadata: option(
    oneOf("none", "copyright", "keep"),
    "What stays of EXIF and XMP; `none` when absent. `keep` keeps the place, too, and needs a signed URL.",
  ),
  trim: option(
    either(oneOf("border", "color"), sides(MAX_URL_SIDE_PX), isString as never),
    "px cut off before anything else, `top;right;bottom;left`; `border` cuts off a border of one colour.",
  ),
  "trim.top": option(edge, "px cut off one side."),
  "trim.right": option(edge, "px cut off one side."),
  "trim.bottom": option(edge, "px cut off one side."),
  "trim.left": option(edge, "px cut off one side."),
  "trim.width": option(side, "px kept, from the left that is trimmed."),
  "trim.height": option(side, "px kept, from the top that is trimmed."),
  "trim.border.color": option(color, "The border's colour; that of the top left corner when absent."),
  "trim.border.tolerance": option(
    integer(0, 255),
    "Largest difference of a channel that still is border; 10 when absent.",
  ),
  "trim.border.keep": option(edge, "px of the border to leave."),
  flip: option(oneOf(...FLIPS), "Mirrored across, down or both, before it is rotated."),
  rotate: option(oneOf(90, 180, 270), "Degrees clockwise; width and height refer to the rotated image."),
  gamma: option(factor, "Exposure: 0.5 darkens, 2 lightens; 0 is ignored."),
  brightness: option(factor, "Factor; 1 changes nothing, 0 is ignored."),
  contrast: option(factor, "Factor; 1 changes nothing, 0 is ignored."),
  saturation: option(factor, "Factor; 0 leaves grays."),
  blur: option(decimal(1, 250), "Radius in px, as in CSS."),
  sharpen: option(factor, "0–10; 1 suits images that were made smaller."),
  background: option(color, "Colour under transparent pixels and beside a padded image; white when absent."),
  border: option(sides(500), "px around the image, one number or `top;right;bottom;left`."),
  "border.width": option(integer(0, 500), "px on all sides."),
  "border.top": option(integer(0, 500), "px on one side."),
  "border.right": option(integer(0, 500), "px on one side."),
  "border.bottom": option(integer(0, 500), "px on one side."),
  "border.left": option(integer(0, 500), "px on one side."),
  "border.color": option(color, "Colour of the border; black when absent."),
  draw: option(
    pattern(/^med_[0-9a-z]{26}$/, "the id of an image of the same owner"),
    "An image that is drawn over this one.",
  ),
  "draw.width": option(decimal(0.01, 1), "Its width as a fraction of this image's; 0.2 when absent."),
  "draw.gravity": option(
    either(oneOf("center", "left", "right", "top", "bottom"), point, isString as never),
    "Where it lies; `1x0`, top right, when absent.",
  ),
  "draw.padding": option(integer(0, 1000), "px to the edges and between repeats; 10 when absent."),
  "draw.opacity": option(decimal(0.01, 1), "1 when absent."),
  "draw.repeat": option(flag, "Repeats it over the whole image."),
  placeholder: option(
    flag,
    "A blurred image of at most 32 px a side, to show while the real one loads.",
    "blur-up",
  ),
  onerror: option(
    oneOf("redirect"),
    "Sends the client of a signed URL to the original, for 5 minutes, when the image cannot be made.",
  ),
};

export type OptionName = keyof typeof OPTION_ROWS;

/** What the options segment of an image URL says, by the long names; what it does not say is absent. */
export type ImageUrlOptions = {
  [Name in OptionName]?: (typeof OPTION_ROWS)[Name] extends OptionRow<infer T> ? T : never;
};
