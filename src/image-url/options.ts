import { MediaError } from "../errors.ts";
import { QUALITY_WORDS, type QualityWord } from "../image/quality.ts";

/** How an image meets its box, in the words of Cloudflare's image URLs. */
export const FITS = ["scale-down", "contain", "cover", "crop", "pad", "squeeze"] as const;
export type Fit = (typeof FITS)[number];

export const URL_FORMATS = ["auto", "webp", "jpeg", "png"] as const;
export type UrlFormat = (typeof URL_FORMATS)[number];

/** What the options segment of an image URL says; what it does not say is absent. */
export interface ImageUrlOptions {
  /** px */
  width?: number;
  /** px */
  height?: number;
  fit?: Fit;
  /** 1–100, or a word that looks alike in every format. */
  quality?: number | QualityWord;
  format?: UrlFormat;
}

/** Most that a side may be asked to be on the edge, px. */
export const MAX_URL_SIDE_PX = 4096;

interface OptionRow<T> {
  aliases: readonly string[];
  /** The value of the option's text; throws a sentence about what is allowed. */
  parse: (text: string) => T;
  format: (value: T) => string;
}

/** One row an option, in canonical order: adding one here adds it to parsing, formatting and the cache key. */
export const OPTION_ROWS = {
  width: { aliases: ["w"], parse: integer("width", 1, MAX_URL_SIDE_PX), format: String },
  height: { aliases: ["h"], parse: integer("height", 1, MAX_URL_SIDE_PX), format: String },
  fit: { aliases: [], parse: oneOf("fit", FITS), format: String },
  quality: { aliases: ["q"], parse: parseQuality, format: String },
  format: { aliases: ["f"], parse: oneOf("format", URL_FORMATS), format: String },
} satisfies { [Name in keyof ImageUrlOptions]-?: OptionRow<NonNullable<ImageUrlOptions[Name]>> };

export type OptionName = keyof typeof OPTION_ROWS;

function integer(name: string, least: number, most: number) {
  return (text: string): number => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw refused(name, text, `a whole number from ${least} to ${most}`);
  };
}

function oneOf<const T extends string>(name: string, allowed: readonly T[]) {
  return (text: string): T => {
    const found = allowed.find((value) => value === text);
    if (found !== undefined) return found;
    throw refused(name, text, `one of ${allowed.join(", ")}`);
  };
}

function parseQuality(text: string): number | QualityWord {
  const word = QUALITY_WORDS.find((value) => value === text);
  if (word !== undefined) return word;
  const value = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= 100) return value;
  throw refused("quality", text, `a whole number from 1 to 100, or one of ${QUALITY_WORDS.join(", ")}`);
}

function refused(name: string, text: string, allowed: string): MediaError {
  const message = `${name} must be ${allowed}, not ${JSON.stringify(text.slice(0, 40))}.`;
  return new MediaError("invalid_request", message, { errors: [{ path: name, message }] });
}
