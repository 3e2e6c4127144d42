import { sha256Hex } from "./digest.ts";

/**
 * JSON in which two values that mean the same are written the same: no white space, and the fields of an object in the
 * order of their names, without those that are undefined. The order of an array is kept, because it may matter.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === undefined) return "null";
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, content]) => content !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, content]) => `${JSON.stringify(name)}:${canonicalJson(content)}`);
  return `{${fields.join(",")}}`;
}

/** SHA-256 (hex) of a value's canonical JSON. */
export async function canonicalDigest(value: unknown): Promise<string> {
  return await sha256Hex(new TextEncoder().encode(canonicalJson(value)));
}
