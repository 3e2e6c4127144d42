/**
 * `node src/local/sum-up-tests.ts REPORT`: from a vitest JSON report, "passed failed" on the first line, and below it each
 * test and file that failed, with the first line of why.
 */
import { readFileSync } from "node:fs";

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] | null }[];
  }[];
}

const report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Report;
console.log(`${report.numPassedTests} ${report.numFailedTests}`);
for (const file of report.testResults) {
  const failed = file.assertionResults.filter(({ status }) => status === "failed");
  for (const test of failed) tell(`${file.name} > ${test.fullName}`, test.failureMessages?.[0]);
  // A file that could not even be loaded has no tests.
  if (file.status === "failed" && failed.length === 0) tell(file.name, file.message);
}

function tell(what: string, why = ""): void {
  const [firstLine = ""] = why.split("\n");
  console.log(`  ${what.replace(`${process.cwd()}/`, "")}: ${firstLine.slice(0, 300)}`);
}
