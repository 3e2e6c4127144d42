/** `npm run bench [-- suite [--only part]]`: measures a suite, prints its table and writes `out/bench/<suite>.json`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { measureClaims } from "./claims.ts";
import { measureImage } from "./image.ts";
import { measureJobs } from "./jobs.ts";
import { measureMain } from "./main.ts";
import { measureQuality } from "./quality.ts";
import type { Row } from "./row.ts";
import { measureVideo } from "./video.ts";

const SUITES: Record<string, (only?: string) => Promise<Row[]>> = {
  main: measureMain,
  claims: measureClaims,
  image: measureImage,
  jobs: measureJobs,
  quality: measureQuality,
  video: measureVideo,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: "string" } } });
const suite = positionals[0] ?? "main";
const measure = SUITES[suite];
if (!measure) {
  console.error(`There is no suite ${suite}; there are: ${Object.keys(SUITES).join(", ")}.`);
  process.exit(1);
}
const rows = await measure(values.only);
console.table(rows);
mkdirSync("out/bench", { recursive: true });
writeFileSync(`out/bench/${suite}.json`, `${JSON.stringify({ suite, rows }, null, 2)}\n`);
process.exit(0);
