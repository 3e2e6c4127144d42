import { Head, ShortHead } from "../probe/head.ts";
import { type Curve, readCurve } from "./curve.ts";

/** Columns of red, green and blue in XYZ under D50, row by row. */
export type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/**
 * What a profile says of the colours of a picture, as far as we apply it ourselves: tone curves with a matrix, or one
 * curve for grays. `lut` is everything that needs a table of colours (printers, scanners, CMYK).
 */
export type IccProfile =
  | { kind: "matrix"; curves: readonly [Curve, Curve, Curve]; matrix: Matrix }
  | { kind: "gray"; curve: Curve }
  | { kind: "lut"; space: string };
export type ProfileKind = IccProfile["kind"];

const HEADER = { space: 16, connection: 20, signature: 36, tagCount: 128, tags: 132 };
const MAX_TAGS = 200;

/** Reads a profile (ICC.1:2022 §7, §8); undefined when it is damaged or says nothing that applies to a picture. */
export function readProfile(bytes: Uint8Array): IccProfile | undefined {
  try {
    return readTags(new Head(bytes));
  } catch (thrown) {
    if (thrown instanceof ShortHead) return undefined;
    throw thrown;
  }
}

function readTags(profile: Head): IccProfile | undefined {
  if (profile.text(HEADER.signature, 4) !== "acsp") return undefined;
  const space = profile.text(HEADER.space, 4);
  const tags = new Map<string, number>();
  const count = Math.min(MAX_TAGS, profile.u32(HEADER.tagCount));
  for (let index = 0; index < count; index++) {
    const at = HEADER.tags + index * 12;
    tags.set(profile.text(at, 4), profile.u32(at + 4));
  }
  const curve = (name: string) => {
    const offset = tags.get(name);
    return offset === undefined ? undefined : readCurve(profile, offset);
  };
  // A table is more exact than the matrix beside it, and what other readers go by.
  if (tags.has("A2B0") || tags.has("D2B0")) return { kind: "lut", space };
  if (space === "GRAY") {
    const gray = curve("kTRC");
    return gray && { kind: "gray", curve: gray };
  }
  if (space !== "RGB ") return { kind: "lut", space };
  if (profile.text(HEADER.connection, 4) !== "XYZ ") return undefined;
  return matrixProfile(profile, tags, [curve("rTRC"), curve("gTRC"), curve("bTRC")]);
}

function matrixProfile(
  profile: Head,
  tags: ReadonlyMap<string, number>,
  [red, green, blue]: (Curve | undefined)[],
): IccProfile | undefined {
  const [r, g, b] = ["rXYZ", "gXYZ", "bXYZ"].map((name) => readXyz(profile, tags.get(name)));
  if (!red || !green || !blue || !r || !g || !b) return undefined;
  const matrix: Matrix = [r[0], g[0], b[0], r[1], g[1], b[1], r[2], g[2], b[2]];
  return { kind: "matrix", curves: [red, green, blue], matrix };
}

/** Three numbers of 16.16 bits behind a type and four bytes in reserve (§10.31). */
function readXyz(profile: Head, offset: number | undefined): [number, number, number] | undefined {
  if (offset === undefined || profile.text(offset, 4) !== "XYZ ") return undefined;
  const number = (index: number) => profile.i32(offset + 8 + index * 4) / 65_536;
  return [number(0), number(1), number(2)];
}
