import { existsSync, openAsBlob, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { DarkroomClient } from "../client/client.ts";
import { DarkroomProblem } from "../client/problem.ts";
import type { Job } from "../client/resources.ts";
import { type Collected, collectOutputs } from "./collect-outputs.ts";
import { photoReport } from "./photo-report.ts";
import type { ProgressBoard } from "./progress-bar.ts";

export interface DemoResult {
  name: string;
  job: Job | undefined;
  collected: Collected[];
  /** What the service did to a photo's metadata. */
  report: string | undefined;
  /** One sentence, when it did not work. */
  failure: string | undefined;
}

/** Sends one file, follows it, and downloads what came out into a folder of its own. Does not throw problems. */
export async function processFile(
  client: DarkroomClient,
  path: string,
  outDir: string,
  board: ProgressBoard,
): Promise<DemoResult> {
  const name = basename(path);
  const result: DemoResult = { name, job: undefined, collected: [], report: undefined, failure: undefined };
  try {
    await develop(client, path, outDir, board, result);
  } catch (error) {
    if (!(error instanceof DarkroomProblem)) throw error;
    result.failure = error.message;
  }
  if (result.failure !== undefined) board.finish(name, "failed");
  return result;
}

async function develop(
  client: DarkroomClient,
  path: string,
  outDir: string,
  board: ProgressBoard,
  result: DemoResult,
): Promise<void> {
  if (!existsSync(path) || !statSync(path).isFile()) {
    result.failure = "there is no such file";
    return;
  }
  const startedAtMs = performance.now();
  const accepted = await client.createJob({
    file: await openAsBlob(path),
    filename: basename(path),
    forceNew: true,
  });
  const job = await client.watchJob(accepted.job_id, {
    token: accepted.watch_token,
    onProgress: (snapshot) => board.update(result.name, snapshot),
  });
  result.job = job;
  if (job.status !== "completed") {
    result.failure = job.error
      ? `${job.error.message} ${job.error.suggested_action}`
      : `the job was ${job.status}`;
    return;
  }
  board.finish(result.name, `done in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  const dir = join(outDir, basename(path, extname(path)));
  result.collected = await collectOutputs(client, job, dir);
  const largest = result.collected.at(-1);
  if (job.kind === "image" && largest) result.report = await photoReport(path, largest.path);
}
