import { ascii, concat, uint32 } from "../../fixtures/images.ts";

/** Chromaticities of red, green and blue, and the white that they are under. */
interface Primaries {
  red: readonly [number, number];
  green: readonly [number, number];
  blue: readonly [number, number];
  white: "D65" | "D50";
}

/** A tone curve as a tag: an exponent, the numbers of a parametric function, or samples. */
type Tone = { exponent: number } | { parametric: number[] } | { samples: (code: number) => number };

const SRGB_TONE: Tone = { parametric: [3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045] };

/** Bradford's adaptation. */
const D65_TO_D50 = [
  [1.0478112, 0.0228866, -0.050127],
  [0.0295424, 0.9904844, -0.0170491],
  [-0.0092345, 0.0150436, 0.7521316],
];

/** Profiles as cameras, phones and editors embed them, by name; each built from its published numbers. */
export const PROFILES = {
  "display-p3": rgb({ red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: "D65" }, SRGB_TONE),
  "adobe-rgb": rgb(
    { red: [0.64, 0.33], green: [0.21, 0.71], blue: [0.15, 0.06], white: "D65" },
    { exponent: 563 / 256 },
  ),
  prophoto: rgb(
    { red: [0.7347, 0.2653], green: [0.1596, 0.8404], blue: [0.0366, 0.0001], white: "D50" },
    { parametric: [3, 1.8, 1, 0, 1 / 16, 1 / 32] },
  ),
  "rec2020 with samples": rgb(
    { red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046], white: "D65" },
    { samples: (code) => (code < 0.08145 ? code / 4.5 : ((code + 0.0993) / 1.0993) ** (1 / 0.45)) },
  ),
  "srgb itself": rgb({ red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06], white: "D65" }, SRGB_TONE),
} as const;

/** Gray with an exponent of 1.8, as old scanners write it. */
export const GRAY_PROFILE = profile("GRAY", { wtpt: xyz(D50()), kTRC: tone({ exponent: 1.8 }) });

/** A profile that says its colours by a table, which is not even there: nothing here can apply it. */
export const TABLE_PROFILE = profile("RGB ", { A2B0: concat(ascii("mft1"), new Uint8Array(60)) });

function rgb(primaries: Primaries, curve: Tone): Uint8Array<ArrayBuffer> {
  const [red, green, blue] = colorants(primaries);
  const trc = tone(curve);
  return profile("RGB ", {
    wtpt: xyz(D50()),
    rXYZ: xyz(red ?? []),
    gXYZ: xyz(green ?? []),
    bXYZ: xyz(blue ?? []),
    rTRC: trc,
    gTRC: trc,
    bTRC: trc,
  });
}

function D50(): number[] {
  return [0.9642, 1, 0.8249];
}

/** XYZ of each primary at full light under D50, adapted by Bradford's matrix. */
function colorants({ red, green, blue, white }: Primaries): number[][] {
  const column = ([x, y]: readonly [number, number]) => [x / y, 1, (1 - x - y) / y];
  const [r, g, b] = [column(red), column(green), column(blue)];
  const whitePoint = white === "D65" ? [0.95047, 1, 1.08883] : D50();
  const rows = [0, 1, 2].map((i) => [r[i] ?? 0, g[i] ?? 0, b[i] ?? 0]);
  const scales = solve(rows, whitePoint);
  const adapt = (color: number[]) => (white === "D65" ? times(D65_TO_D50, color) : color);
  return [r, g, b].map((color, i) => adapt(color.map((value) => value * (scales[i] ?? 0))));
}

function times(matrix: number[][], vector: number[]): number[] {
  return matrix.map((row) => row.reduce((sum, value, i) => sum + value * (vector[i] ?? 0), 0));
}

/** Cramer's rule. */
function solve(rows: number[][], wanted: number[]): number[] {
  const whole = determinant(rows);
  return [0, 1, 2].map(
    (column) =>
      determinant(rows.map((row, i) => row.map((value, j) => (j === column ? (wanted[i] ?? 0) : value)))) /
      whole,
  );
}

function determinant(rows: number[][]): number {
  const [[a = 0, b = 0, c = 0] = [], [d = 0, e = 0, f = 0] = [], [g = 0, h = 0, i = 0] = []] = rows;
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

function fixed(value: number): Uint8Array {
  return uint32(Math.round(value * 65_536) >>> 0);
}

function xyz(values: number[]): Uint8Array {
  return concat(ascii("XYZ \0\0\0\0"), ...values.map(fixed));
}

function tone(curve: Tone): Uint8Array {
  const u16 = (value: number) => [value >> 8, value & 255];
  if ("exponent" in curve)
    return concat(ascii("curv\0\0\0\0"), uint32(1), u16(Math.round(curve.exponent * 256)), [0, 0]);
  if ("parametric" in curve) {
    const [kind = 0, ...numbers] = curve.parametric;
    return concat(ascii("para\0\0\0\0"), [0, kind, 0, 0], ...numbers.map(fixed));
  }
  const samples = Array.from({ length: 1024 }, (_, i) => u16(Math.round(curve.samples(i / 1023) * 65_535)));
  return concat(ascii("curv\0\0\0\0"), uint32(samples.length), samples.flat());
}

/** A profile of version 4.2 for displays, with a description and these tags (ICC.1:2022 §7). */
function profile(space: string, own: Record<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const text = (words: string) => {
    const letters = [...words].flatMap((letter) => [0, letter.charCodeAt(0)]);
    return concat(
      ascii("mluc\0\0\0\0"),
      uint32(1),
      uint32(12),
      ascii("enUS"),
      uint32(letters.length),
      uint32(28),
      letters,
    );
  };
  const tags = Object.entries({ desc: text("test"), cprt: text("none"), ...own });
  let at = 128 + 4 + tags.length * 12;
  const table: Uint8Array[] = [];
  const bodies: Uint8Array[] = [];
  for (const [name, body] of tags) {
    const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4));
    table.push(concat(ascii(name), uint32(at), uint32(body.length)));
    bodies.push(padded);
    at += padded.length;
  }
  const header = new Uint8Array(128);
  header.set(uint32(at));
  header.set(uint32(0x04_20_00_00), 8);
  header.set(ascii(`mntr${space}XYZ `), 12);
  header.set(ascii("acsp"), 36);
  header.set(concat(...D50().map(fixed)), 68);
  return concat(header, uint32(tags.length), ...table, ...bodies);
}
