import { execFile } from "node:child_process";
import { promisify } from "node:util";
import sharp from "sharp";
import type { DarkroomClient } from "../../../src/client/client.ts";
import type { Job, JobOutput } from "../../../src/client/resources.ts";

/** Decodes every output of a job to its last pixel; what is wrong with it, or nothing. */
export async function problemsOf(
  client: DarkroomClient,
  url: string,
  key: string,
  job: Job,
): Promise<string[]> {
  const problems = await Promise.all(job.outputs.map((output) => problemOf(client, url, key, output)));
  return problems.filter((problem) => problem !== undefined).map((problem) => `${job.job_id} ${problem}`);
}

async function problemOf(
  client: DarkroomClient,
  url: string,
  key: string,
  output: JobOutput,
): Promise<string | undefined> {
  try {
    if (output.type.startsWith("image/")) await decodeImage(client, output);
    else await decodeVideo(new URL(output.playback_url ?? output.url, url), key);
    return undefined;
  } catch (error) {
    return `${output.name}: ${error}`;
  }
}

async function decodeImage(client: DarkroomClient, output: JobOutput): Promise<void> {
  const bytes = await (await client.download(output.url)).arrayBuffer();
  const { info } = await sharp(bytes, { failOn: "warning" }).raw().toBuffer({ resolveWithObject: true });
  if (bytes.byteLength === output.bytes && info.width === output.width && info.height === output.height)
    return;
  throw new Error(`${bytes.byteLength} bytes of ${info.width}×${info.height} are not what was promised`);
}

/** Every frame; ffmpeg says nothing when all is well. */
async function decodeVideo(address: URL, key: string): Promise<void> {
  const headers = `Authorization: Bearer ${key}\r\n`;
  const args = ["-v", "error", "-xerror", "-headers", headers, "-i", address.href, "-f", "null", "-"];
  const { stderr } = await promisify(execFile)("ffmpeg", args, { timeout: 60_000 });
  if (stderr.trim() !== "") throw new Error(stderr.slice(0, 500));
}
