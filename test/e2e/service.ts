import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { inject } from "vitest";
import { createDarkroomClient, type DarkroomClient } from "../../src/client/client.ts";
import type { Job, OutputRequest, ProgressSnapshot } from "../../src/client/resources.ts";

export const url = inject("url");
export const key = inject("key");
export const client = createDarkroomClient({ baseUrl: url, key });

const DEADLINE_MS = 100_000;

export interface Watched {
  job: Job;
  seen: ProgressSnapshot[];
  token: string;
}

/** Sends a file and follows it to its end over WebSocket. */
export async function develop(
  file: Uint8Array<ArrayBuffer>,
  filename: string,
  outputs?: OutputRequest[],
  by: DarkroomClient = client,
): Promise<Watched> {
  const accepted = await by.createJob({ file: new Blob([file]), filename, outputs, forceNew: true });
  const seen: ProgressSnapshot[] = [];
  const job = await by.watchJob(accepted.job_id, {
    token: accepted.watch_token,
    onProgress: (snapshot) => seen.push(snapshot),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  return { job, seen, token: accepted.watch_token };
}

export async function bytesOf(path: string): Promise<Buffer> {
  return Buffer.from(await (await client.download(path)).arrayBuffer());
}

/** What ffprobe says of a file or a playlist on disk or over HTTP. */
export async function probe(
  input: string,
): Promise<{ streams: Record<string, string | number>[]; format: { duration: string } }> {
  const { stdout } = await promisify(execFile)("ffprobe", [
    ...["-v", "error", "-show_streams", "-show_format", "-of", "json"],
    ...["-allowed_extensions", "ALL", input],
  ]);
  return JSON.parse(stdout);
}

/** Every step forward, none back, and whole only at the end. */
export function isForwardOnly(seen: { progress_percentage: number; sequence: number }[]): boolean {
  return seen.every((now, index) => {
    const before = seen[index - 1];
    return (
      !before || (now.progress_percentage >= before.progress_percentage && now.sequence > before.sequence)
    );
  });
}

/** The names of a job's outputs, in alphabetical order. */
export function outputNames(job: Job): string[] {
  return job.outputs.map(({ name }) => name).sort((a, b) => a.localeCompare(b));
}
