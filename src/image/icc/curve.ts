import type { Head } from "../probe/head.ts";

/** Light of each 8-bit code, 0–1. */
export type Curve = Float64Array;

const CODES = 256;

/**
 * Reads a tone curve, `curv` or `para` (ICC.1:2022 §10.6, §10.18), at each of the 256 codes of a channel.
 *
 * @returns undefined for a type that is neither
 */
export function readCurve(profile: Head, offset: number): Curve | undefined {
  const type = profile.text(offset, 4);
  const light =
    type === "curv"
      ? sampledCurve(profile, offset)
      : type === "para"
        ? parametricCurve(profile, offset)
        : undefined;
  return light && Float64Array.from({ length: CODES }, (_, code) => clamp(light(code / (CODES - 1))));
}

type Light = (code: number) => number;

/** No entries are a straight line, one is an exponent, more are samples between which lines run. */
function sampledCurve(profile: Head, offset: number): Light {
  const count = profile.u32(offset + 8);
  if (count === 0) return (code) => code;
  if (count === 1) {
    const exponent = profile.u16(offset + 12) / 256;
    return (code) => code ** exponent;
  }
  profile.need(offset + 12, count * 2);
  const at = (index: number) => profile.u16(offset + 12 + Math.min(index, count - 1) * 2) / 65_535;
  return (code) => {
    const place = code * (count - 1);
    const below = Math.floor(place);
    return at(below) + (at(below + 1) - at(below)) * (place - below);
  };
}

/** How many numbers each of the five functions has. */
const PARAMETERS = [1, 3, 4, 5, 7];

function parametricCurve(profile: Head, offset: number): Light | undefined {
  const kind = profile.u16(offset + 8);
  const count = PARAMETERS[kind];
  if (count === undefined) return undefined;
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from(
    { length: count },
    (_, index) => profile.i32(offset + 12 + index * 4) / 65_536,
  );
  const power = (code: number) => Math.max(0, a * code + b) ** g;
  switch (kind) {
    case 0:
      return (code) => code ** g;
    case 1:
      return (code) => (code >= -b / a ? power(code) : 0);
    case 2:
      return (code) => (code >= -b / a ? power(code) : 0) + c;
    default:
      return (code) => (code >= d ? power(code) + e : c * code + f);
  }
}

/** What is no number at all is no light. */
function clamp(light: number): number {
  return light > 0 ? Math.min(1, light) : 0;
}
