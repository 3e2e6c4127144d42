import { inflateSync } from "node:zlib";
import { SECRETS } from "./private-photo.ts";

/**
 * The names of the secrets whose bytes stand anywhere in a file: as text of one or of two bytes a letter, as numbers in
 * both byte orders, and in whatever of it is zlib data.
 */
export function findSecrets(file: Uint8Array): string[] {
  const layers = [Buffer.from(file), ...inflated(Buffer.from(file))];
  const found = Object.entries(SECRETS).filter(([, secret]) =>
    layers.some((layer) => needlesOf(secret).some((needle) => layer.includes(needle))),
  );
  return found.map(([name]) => name);
}

function needlesOf(secret: string | readonly number[]): Buffer[] {
  if (typeof secret === "string") {
    const wide = Buffer.from(secret, "utf16le");
    return [Buffer.from(secret, "latin1"), wide, Buffer.from(wide).swap16()];
  }
  // The seconds: a numerator and a denominator that stand in no header by chance.
  const [numerator = 0, denominator = 0] = secret.slice(-2);
  const big = Buffer.alloc(8);
  big.writeUInt32BE(numerator);
  big.writeUInt32BE(denominator, 4);
  return [big, Buffer.from(big).swap32(), big.subarray(0, 4), Buffer.from(big).swap32().subarray(0, 4)];
}

/** Whatever can be inflated from any byte that could begin zlib data (RFC 1950 §2.2). */
function* inflated(file: Buffer): Generator<Buffer> {
  for (let at = file.indexOf(0x78); at >= 0; at = file.indexOf(0x78, at + 1)) {
    if (file.readUInt16BE(Math.min(at, file.length - 2)) % 31 !== 0) continue;
    try {
      yield inflateSync(file.subarray(at), { finishFlush: 2, maxOutputLength: 1 << 24 });
    } catch {
      // It only looked like zlib data.
    }
  }
}
