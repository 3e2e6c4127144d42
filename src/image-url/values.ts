import { MediaError } from "../errors.ts";
import { parseColor, type Rgba } from "../image/color.ts";

/** How the value of an option is read and written. `parse(format(x))` equals `x`. */
export interface ValueKind<T> {
  /** The value in words, such as `one of h, v, hv`. */
  allowed: string;
  /** Undefined when the text is not allowed. */
  parse: (text: string) => T | undefined;
  format: (value: T) => string;
}

/** The value of an option's text. Throws `invalid_image_url` naming the option and what is allowed. */
export function parseValue<T>(name: string, kind: ValueKind<T>, text: string): T {
  const value = kind.parse(text);
  if (value !== undefined) return value;
  const message = `${name} must be ${kind.allowed}, not ${JSON.stringify(text.slice(0, 40))}.`;
  throw new MediaError("invalid_image_url", message, { errors: [{ path: name, message }] });
}

export function integer(least: number, most: number): ValueKind<number> {
  return {
    allowed: `a whole number from ${least} to ${most}`,
    parse: (text) => (/^\d{1,6}$/.test(text) ? within(Number(text), least, most) : undefined),
    format: String,
  };
}

/** A number with at most four places after the point, so that every value has one spelling. */
export function decimal(least: number, most: number): ValueKind<number> {
  return {
    allowed: `a number from ${least} to ${most}`,
    parse: (text) =>
      /^(\d{1,6}(\.\d{0,4})?|\.\d{1,4})$/.test(text) ? within(Number(text), least, most) : undefined,
    format: String,
  };
}

export function oneOf<const T extends string | number>(...values: T[]): ValueKind<T> {
  return {
    allowed: `one of ${values.join(", ")}`,
    parse: (text) => values.find((value) => String(value) === text),
    format: String,
  };
}

export function either<A, B>(
  first: ValueKind<A>,
  second: ValueKind<B>,
  isFirst: (value: A | B) => value is A,
): ValueKind<A | B> {
  return {
    allowed: `${first.allowed}, or ${second.allowed}`,
    parse: (text) => first.parse(text) ?? second.parse(text),
    format: (value) => (isFirst(value) ? first.format(value) : second.format(value)),
  };
}

export function isString(value: unknown): value is string {
  return typeof value === "string";
}

export const flag: ValueKind<boolean> = {
  allowed: "true or false",
  parse: (text) => ({ true: true, "1": true, false: false, "0": false })[text],
  format: String,
};

export const color: ValueKind<Rgba> = {
  allowed: "a CSS colour such as %23RRGGBB, rgb(r,g,b) or a basic name",
  parse: (text) => {
    try {
      return parseColor(text);
    } catch {
      return undefined;
    }
  },
  format: (channels) => `#${channels.map((value) => value.toString(16).padStart(2, "0")).join("")}`,
};

/** Px at the four sides of a picture. */
export interface Sides {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** `top;right;bottom;left`, or one number for all four, px. */
export function sides(most: number): ValueKind<Sides> {
  const px = integer(0, most);
  return {
    allowed: `px for all sides, or top;right;bottom;left, each up to ${most}`,
    parse: (text) => {
      const values = text.split(";", 5).map((part) => px.parse(part.trim()));
      const [top, right = top, bottom = top, left = top] = values;
      if (values.length !== 1 && values.length !== 4) return undefined;
      if (values.includes(undefined)) return undefined;
      return { top, right, bottom, left } as Sides;
    },
    format: ({ top, right, bottom, left }) => [top, right, bottom, left].join(";"),
  };
}

/** A point of a picture as fractions from the top left. */
export interface Point {
  x: number;
  y: number;
}

const fraction = decimal(0, 1);

export const point: ValueKind<Point> = {
  allowed: "XxY as fractions, such as 0.5x0.33",
  parse: (text) => {
    const [x, y, ...rest] = text.split("x", 3).map((part) => fraction.parse(part));
    return x === undefined || y === undefined || rest.length > 0 ? undefined : { x, y };
  },
  format: ({ x, y }) => `${x}x${y}`,
};

export function pattern(form: RegExp, allowed: string): ValueKind<string> {
  return { allowed, parse: (text) => (form.test(text) ? text : undefined), format: String };
}

function within(value: number, least: number, most: number): number | undefined {
  return value >= least && value <= most ? value : undefined;
}
