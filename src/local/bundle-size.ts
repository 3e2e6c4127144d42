/** `node src/local/bundle-size.ts DIR`: how large the worker in DIR is once compressed; exits 1 beyond the ceiling. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** What a script may have on the free plan. */
const CEILING_BYTES = 3_000_000;

const dir = process.argv[2] ?? "dist";
const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter(
  (name) => !/\.map$|README/.test(name),
);
const total = files.reduce(
  (sum, name) => sum + gzipSync(readFileSync(join(dir, name)), { level: 9 }).byteLength,
  0,
);
console.log(
  `The worker has ${total} bytes compressed, in ${files.length} files; the ceiling is ${CEILING_BYTES}.`,
);
process.exit(files.length > 0 && total <= CEILING_BYTES ? 0 : 1);
