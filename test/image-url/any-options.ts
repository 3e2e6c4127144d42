import fc from "fast-check";
import {
  FITS,
  type ImageUrlOptions,
  OPTION_ROWS,
  type OptionName,
  URL_FORMATS,
  URL_QUALITY_WORDS,
} from "../../src/image-url/options.ts";

const px = fc.integer({ min: 1, max: 4096 });
const edge = fc.integer({ min: 0, max: 500 });
const sides = fc.record({ top: edge, right: edge, bottom: edge, left: edge });
const channel = fc.integer({ min: 0, max: 255 });
const color = fc.tuple(channel, channel, channel, channel);
const factor = fc.integer({ min: 0, max: 1000 }).map((hundredths) => hundredths / 100);
const fraction = fc.integer({ min: 0, max: 10_000 }).map((n) => n / 10_000);
const quality = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(...URL_QUALITY_WORDS));

/** An arbitrary for each option: a forgotten one does not compile. */
const VALUES: { [Name in OptionName]: fc.Arbitrary<NonNullable<ImageUrlOptions[Name]>> } = {
  preset: fc.constantFrom("thumbnail", "avatar"),
  width: fc.oneof(px, fc.constant("auto" as const)),
  height: px,
  fit: fc.constantFrom(...FITS),
  gravity: fc.oneof(
    fc.constantFrom("auto", "face", "center", "left", "right", "top", "bottom"),
    fc.record({ x: fraction, y: fraction }),
  ),
  dpr: fc.integer({ min: 10, max: 30 }).map((tenths) => tenths / 10),
  quality,
  "slow-connection-quality": quality,
  format: fc.constantFrom(...URL_FORMATS),
  compression: fc.constant("fast"),
  anim: fc.boolean(),
  metadata: fc.constantFrom("none", "copyright", "keep"),
  trim: fc.oneof(fc.constantFrom("border", "color"), sides),
  "trim.top": edge,
  "trim.right": edge,
  "trim.bottom": edge,
  "trim.left": edge,
  "trim.width": px,
  "trim.height": px,
  "trim.border.color": color,
  "trim.border.tolerance": channel,
  "trim.border.keep": edge,
  flip: fc.constantFrom("h", "v", "hv"),
  rotate: fc.constantFrom(90, 180, 270),
  gamma: factor,
  brightness: factor,
  contrast: factor,
  saturation: factor,
  blur: fc.integer({ min: 1, max: 250 }),
  sharpen: factor,
  background: color,
  border: sides,
  "border.width": edge,
  "border.top": edge,
  "border.right": edge,
  "border.bottom": edge,
  "border.left": edge,
  "border.color": color,
  draw: fc.constant("med_01j00000000000000000000000"),
  "draw.width": fc.constantFrom(0.01, 0.25, 1),
  "draw.gravity": fc.oneof(fc.constantFrom("center", "left"), fc.record({ x: fraction, y: fraction })),
  "draw.padding": fc.integer({ min: 0, max: 1000 }),
  "draw.opacity": fc.constantFrom(0.01, 0.5, 1),
  "draw.repeat": fc.boolean(),
  placeholder: fc.boolean(),
  zoom: fc.integer({ min: 0, max: 100 }).map((n) => n / 100),
  onerror: fc.constant("redirect"),
};

/** Any options at all: each there or not. */
export const anyOptions = fc.record(VALUES, { requiredKeys: [] }) as fc.Arbitrary<ImageUrlOptions>;

if (Object.keys(VALUES).length !== Object.keys(OPTION_ROWS).length)
  throw new Error("an option has no arbitrary");
