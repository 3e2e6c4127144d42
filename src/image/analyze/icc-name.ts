const MAX_NAME_CHARACTERS = 100;
const HEADER_BYTES = 128;
/** Largest that is inflated of a PNG's profile: names stand near the start. */
const MAX_PROFILE_BYTES = 65_536;

/**
 * What the colour profile in a file calls itself, such as `Display P3`; undefined when there is none in these bytes.
 *
 * @param head the file from its first byte; JPEG, WebP, TIFF and HEIF hold profiles as they are, PNG deflated
 */
export async function iccNameOf(head: Uint8Array): Promise<string | undefined> {
  const profile = plainProfile(head) ?? (await pngProfile(head));
  return profile && nameIn(profile);
}

/** Every profile has `acsp` at byte 36 (ICC.1:2022 §7.2). */
function plainProfile(head: Uint8Array): Uint8Array | undefined {
  const at = find(head, "acsp", 36);
  return at === undefined ? undefined : head.subarray(at - 36);
}

/** PNG's iCCP: a name of its own, a zero, the method, and the profile (PNG §11.3.2.3). */
async function pngProfile(head: Uint8Array): Promise<Uint8Array | undefined> {
  const at = head[0] === 0x89 ? find(head, "iCCP", 12) : undefined;
  if (at === undefined) return undefined;
  const nul = head.indexOf(0, at + 4);
  if (nul < 0) return undefined;
  const length = u32(head, at - 4);
  const deflated = new Uint8Array(head.subarray(nul + 2, at + 4 + length));
  return await inflate(deflated).catch(() => undefined);
}

async function inflate(deflated: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const reader = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const profile = new Uint8Array(MAX_PROFILE_BYTES);
  let length = 0;
  while (length < profile.length) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, profile.length - length);
    profile.set(part, length);
    length += part.length;
  }
  await reader.cancel();
  return profile.subarray(0, length);
}

/** The `desc` tag: ASCII in profiles of version 2, `mluc` in UTF-16 in those of version 4 (§10.15). */
function nameIn(profile: Uint8Array): string | undefined {
  const tags = Math.min(100, u32(profile, HEADER_BYTES));
  for (let index = 0; index < tags; index++) {
    const entry = HEADER_BYTES + 4 + index * 12;
    if (latin(profile.subarray(entry, entry + 4)) !== "desc") continue;
    const at = u32(profile, entry + 4);
    const type = latin(profile.subarray(at, at + 4));
    if (type === "desc") return clean(latin(bytesAt(profile, at + 12, u32(profile, at + 8))));
    if (type === "mluc")
      return clean(utf16(bytesAt(profile, at + u32(profile, at + 24), u32(profile, at + 20))));
  }
  return undefined;
}

function bytesAt(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return bytes.subarray(at, at + Math.min(length, 2 * MAX_NAME_CHARACTERS));
}

function clean(text: string): string | undefined {
  const shown = Array.from(text.split("\0")[0] ?? "")
    .filter((character) => character >= " " && character !== "\u007f")
    .slice(0, MAX_NAME_CHARACTERS)
    .join("")
    .trim();
  return shown === "" ? undefined : shown;
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function utf16(bytes: Uint8Array): string {
  return new TextDecoder("utf-16be").decode(bytes);
}

function u32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return a * 2 ** 24 + (b << 16) + (c << 8) + d;
}

/** Where a word of four letters stands, from `from` on. */
function find(bytes: Uint8Array, word: string, from: number): number | undefined {
  const [a, b, c, d] = Array.from(word, (letter) => letter.charCodeAt(0));
  for (let at = from; at + 4 <= bytes.length; at++) {
    if (bytes[at] === a && bytes[at + 1] === b && bytes[at + 2] === c && bytes[at + 3] === d) return at;
  }
  return undefined;
}
