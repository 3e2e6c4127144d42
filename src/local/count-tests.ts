/** `node src/local/count-tests.ts REPORT`: "passed failed" from a vitest JSON report. */
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as {
  numPassedTests: number;
  numFailedTests: number;
};
console.log(`${report.numPassedTests} ${report.numFailedTests}`);
