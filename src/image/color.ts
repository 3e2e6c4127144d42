import { MediaError } from "../errors.ts";

/** [r, g, b, a], each 0–255, alpha not premultiplied. */
export type Rgba = [number, number, number, number];

/** The 16 basic colours of CSS, a few that people type, and `transparent` (CSS Color 4 §6.1). */
const NAMED: Record<string, Rgba> = {
  transparent: [0, 0, 0, 0],
  black: [0, 0, 0, 255],
  silver: [192, 192, 192, 255],
  gray: [128, 128, 128, 255],
  grey: [128, 128, 128, 255],
  white: [255, 255, 255, 255],
  maroon: [128, 0, 0, 255],
  red: [255, 0, 0, 255],
  purple: [128, 0, 128, 255],
  fuchsia: [255, 0, 255, 255],
  magenta: [255, 0, 255, 255],
  green: [0, 128, 0, 255],
  lime: [0, 255, 0, 255],
  olive: [128, 128, 0, 255],
  yellow: [255, 255, 0, 255],
  navy: [0, 0, 128, 255],
  blue: [0, 0, 255, 255],
  teal: [0, 128, 128, 255],
  aqua: [0, 255, 255, 255],
  cyan: [0, 255, 255, 255],
  orange: [255, 165, 0, 255],
  pink: [255, 192, 203, 255],
  brown: [165, 42, 42, 255],
};

const MAX_COLOR_CHARACTERS = 64;

/**
 * Reads a CSS colour: `#rgb`, `#rgba`, `#rrggbb`, `#rrggbbaa`, `rgb()` and `rgba()` with commas or spaces, numbers or
 * percentages, and basic names (CSS Color 4 §4, §5). Channels out of range are clamped, as CSS does.
 *
 * @throws MediaError `invalid_request` naming what was sent
 */
export function parseColor(text: string): Rgba {
  const color = text.trim().toLowerCase();
  const parsed =
    color.length > MAX_COLOR_CHARACTERS ? undefined : (fromName(color) ?? fromHex(color) ?? fromRgb(color));
  if (parsed !== undefined) return parsed;
  throw new MediaError(
    "invalid_request",
    `${JSON.stringify(text.slice(0, MAX_COLOR_CHARACTERS))} is not a colour; write #rrggbb, rgb(r, g, b) or a basic name.`,
  );
}

function fromName(color: string): Rgba | undefined {
  const named = Object.hasOwn(NAMED, color) ? NAMED[color] : undefined;
  return named === undefined ? undefined : [...named];
}

function fromHex(color: string): Rgba | undefined {
  const digits = /^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(color)?.[1];
  if (digits === undefined) return undefined;
  const long = digits.length <= 4 ? digits.replace(/./g, "$&$&") : digits;
  const [red = 0, green = 0, blue = 0, alpha = 255] = (long.match(/../g) ?? []).map((pair) =>
    Number.parseInt(pair, 16),
  );
  return [red, green, blue, alpha];
}

function fromRgb(color: string): Rgba | undefined {
  const body = /^rgba?\(([^()]*)\)$/.exec(color)?.[1];
  const parts = body?.trim().split(/\s*[,/]\s*|\s+/) ?? [];
  if (parts.length < 3 || parts.length > 4) return undefined;
  const [red, green, blue] = parts.slice(0, 3).map((part) => scaled(part, 1));
  const alpha = scaled(parts[3] ?? "1", 255);
  if (red === undefined || green === undefined || blue === undefined || alpha === undefined) return undefined;
  return [red, green, blue, alpha];
}

/** A number in units of `unit`, or a percentage of 255, rounded and clamped to a byte. */
function scaled(part: string, unit: number): number | undefined {
  const [, digits, percent] = /^([+-]?(?:\d+\.?\d*|\.\d+))(%?)$/.exec(part) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits) * (percent === "%" ? 255 / 100 : unit);
  return Math.min(255, Math.max(0, Math.round(value)));
}
