import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { optionsTable } from "../../src/image-url/options-table.ts";

const README = new URL("../../README.md", import.meta.url);
/** The table stands between these in the README; `UPDATE_README=1` writes it there anew. */
const MARKS = /(<!-- image-url-options -->\n)[\s\S]*?(\n<!-- \/image-url-options -->)/;

it("the README's table of image URL options is what the code says", () => {
  const readme = readFileSync(README, "utf8");
  const current = readme.replace(
    MARKS,
    (_, before: string, after: string) => before + optionsTable() + after,
  );
  if (process.env.UPDATE_README) writeFileSync(README, current);
  else expect(readme).toBe(current);
});

it("the table has a row for each option, which no bar breaks", () => {
  const rows = optionsTable().split("\n");
  expect(rows.length).toBeGreaterThan(45);
  for (const row of rows) expect(row.replaceAll("\\|", "").split("|"), row).toHaveLength(5);
});
