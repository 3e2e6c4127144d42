import { MediaError } from "../errors.ts";
import { nearestName } from "./nearest-name.ts";
import { type ImageUrlOptions, OPTION_ROWS, type OptionName } from "./options.ts";
import { parseValue, type ValueKind } from "./values.ts";

/** A segment longer than this, or of more options, is refused before it is looked at. */
const MAX_SEGMENT_CHARACTERS = 1024;
const MAX_OPTIONS = 48;

const NAMES = Object.keys(OPTION_ROWS) as OptionName[];

const NAME_OF = new Map<string, OptionName>(
  NAMES.flatMap((name) => [name, ...OPTION_ROWS[name].aliases].map((alias) => [alias, name] as const)),
);

/**
 * Reads the options segment of an image URL as it stands in the path, still percent-encoded:
 * `width=400,fit=cover,q=80`. The last of an option and its aliases wins. Commas inside parentheses belong to a colour:
 * `background=rgb(1,2,3)`. Values are percent-decoded once; a segment without a raw `=` has been encoded as a whole and
 * is decoded as a whole instead.
 *
 * The grammar is Cloudflare's (https://developers.cloudflare.com/images/transform-images/transform-via-url/).
 *
 * @throws MediaError `invalid_image_url` naming the option
 */
export function parseOptions(segment: string): ImageUrlOptions {
  if (segment.length > MAX_SEGMENT_CHARACTERS) {
    throw new MediaError(
      "invalid_image_url",
      `The options are longer than ${MAX_SEGMENT_CHARACTERS} characters.`,
    );
  }
  const isEncodedWhole = !segment.includes("=");
  const parts = splitAtCommas(isEncodedWhole ? decode(segment) : segment);
  if (parts.length > MAX_OPTIONS) {
    throw new MediaError("invalid_image_url", `There are more than ${MAX_OPTIONS} options.`);
  }
  const options: Record<string, unknown> = {};
  for (const part of parts) {
    // Templates that leave an option out leave its comma behind.
    if (part.trim() === "") continue;
    const [name, text] = splitOption(part);
    options[name] = parseValue(name, kindOf(name), isEncodedWhole ? text : decode(text));
  }
  return options;
}

/**
 * Writes options in their canonical form: rows in the table's order, long names, values percent-encoded. Equal options
 * give equal text, whatever order and aliases they came in. No options at
 * all are the empty string.
 */
export function formatOptions(options: ImageUrlOptions): string {
  const written = NAMES.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`${name}=${encodeURIComponent(formatValue(name, value))}`];
  });
  return written.join(",");
}

function formatValue(name: OptionName, value: ImageUrlOptions[OptionName]): string {
  return kindOf(name).format(value);
}

/** A row's value kind, of which the table's types know more than can be said of any one name. */
function kindOf(name: OptionName): ValueKind<unknown> {
  return OPTION_ROWS[name].value as ValueKind<unknown>;
}

/** Splits at commas that no parenthesis holds. */
function splitAtCommas(text: string): string[] {
  return text.split(/,(?![^(]*\))/, MAX_OPTIONS + 1);
}

function splitOption(part: string): [OptionName, string] {
  const at = part.indexOf("=");
  const written = (at < 0 ? part : part.slice(0, at)).trim().slice(0, 40);
  const name = NAME_OF.get(written);
  if (name === undefined) throw unknownOption(written);
  if (at < 0) throw new MediaError("invalid_image_url", `${written} has no value; write ${written}=….`);
  return [name, part.slice(at + 1).trim()];
}

function unknownOption(written: string): MediaError {
  const nearest = nearestName(written, [...NAME_OF.keys()]);
  const hint = nearest === undefined ? `The options are ${NAMES.join(", ")}.` : `Did you mean ${nearest}?`;
  const message = `There is no option ${JSON.stringify(written)}. ${hint}`;
  return new MediaError("invalid_image_url", message, { errors: [{ path: written, message }] });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new MediaError(
      "invalid_image_url",
      `${JSON.stringify(text.slice(0, 40))} is not valid percent-encoding.`,
    );
  }
}
