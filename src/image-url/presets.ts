import { MediaError } from "../errors.ts";
import { parseOptions } from "./grammar.ts";
import { nearestName } from "./nearest-name.ts";
import type { ImageUrlOptions } from "./options.ts";

/** Named options segments. */
export type ImageUrlPresets = Readonly<Record<string, string>>;

/** What every deployment has; its own presets win over these. */
export const DEFAULT_PRESETS: ImageUrlPresets = {
  thumbnail: "width=150,height=150,fit=cover",
  avatar: "width=256,height=256,fit=cover,gravity=auto",
  small: "width=320,height=320",
  medium: "width=1024,height=1024",
  large: "width=2048,height=2048",
  social_card: "width=1200,height=630,fit=cover,gravity=auto",
  placeholder: "placeholder=true",
};

/**
 * Puts the options of a preset in its place; those that stand beside it win.
 *
 * @throws MediaError `invalid_image_url` for a name that is not known
 */
export function expandPreset(asked: ImageUrlOptions, presets: ImageUrlPresets): ImageUrlOptions {
  const { preset, ...own } = asked;
  if (preset === undefined) return asked;
  const segment = Object.hasOwn(presets, preset) ? presets[preset] : undefined;
  if (segment === undefined) throw unknownPreset(preset, Object.keys(presets));
  return { ...parseOptions(segment), ...own };
}

/** What may stand beside a preset where only presets are allowed: few values each, so that variants stay few. */
const BESIDE_PRESETS: readonly (keyof ImageUrlOptions)[] = ["preset", "format", "onerror"];

/** Whether options are a preset and nothing that makes more variants of it. */
export function isPresetOnly(options: ImageUrlOptions): boolean {
  const names = Object.keys(options) as (keyof ImageUrlOptions)[];
  return options.preset !== undefined && names.every((name) => BESIDE_PRESETS.includes(name));
}

function unknownPreset(name: string, known: string[]): MediaError {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `The presets are ${known.join(", ")}.` : `Did you mean ${nearest}?`;
  const message = `There is no preset ${JSON.stringify(name)}. ${hint}`;
  return new MediaError("invalid_image_url", message, { errors: [{ path: "preset", message }] });
}
