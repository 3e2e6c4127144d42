import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DarkroomClient } from "../client/client.ts";
import type { Job, JobOutput } from "../client/resources.ts";
import { StackError } from "./stack-error.ts";

export interface Collected {
  /** Where it lies: a file, or the master playlist of a stream. */
  path: string;
  /** Of the file, or of the whole playlist tree. */
  bytes: number;
  output: JobOutput;
}

/** Downloads everything that a job made into `dir`; a stream with its whole tree, so that it plays from disk. */
export async function collectOutputs(client: DarkroomClient, job: Job, dir: string): Promise<Collected[]> {
  const collected: Collected[] = [];
  for (const output of job.outputs) {
    collected.push(
      output.playback_url
        ? await collectStream(client, output, output.playback_url, join(dir, output.name))
        : await collectFile(client, output, dir),
    );
  }
  return collected;
}

async function collectFile(client: DarkroomClient, output: JobOutput, dir: string): Promise<Collected> {
  const path = join(dir, output.name);
  const bytes = await save(client, output.url, path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== output.sha256)
    throw new StackError(`${output.name} arrived damaged: its sha256 is ${sha256}.`);
  return { path, bytes: bytes.byteLength, output };
}

async function collectStream(
  client: DarkroomClient,
  output: JobOutput,
  masterUrl: string,
  dir: string,
): Promise<Collected> {
  const base = new URL(".", new URL(masterUrl, "http://service"));
  const pathOf = (url: URL) => join(dir, decodeURIComponent(url.pathname.slice(base.pathname.length)));
  const waiting = [new URL(masterUrl, base)];
  const seen = new Set<string>();
  let total = 0;
  for (let url = waiting.pop(); url; url = waiting.pop()) {
    if (seen.has(url.pathname)) continue;
    seen.add(url.pathname);
    if (!url.pathname.startsWith(base.pathname)) {
      throw new StackError(`The playlist points outside its tree, at ${url.pathname}.`);
    }
    const bytes = await save(client, url.pathname, pathOf(url));
    total += bytes.byteLength;
    if (url.pathname.endsWith(".m3u8")) waiting.push(...addressesIn(bytes.toString("utf8"), url));
  }
  return { path: pathOf(new URL(masterUrl, base)), bytes: total, output };
}

/** Every address in an HLS playlist (RFC 8216): the lines that are not tags, and `URI` attributes of tags. */
export function addressesIn(playlist: string, playlistUrl: URL): URL[] {
  const lines = playlist.split("\n").map((line) => line.trim());
  const plain = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const attributes = [...playlist.matchAll(/^#.*?URI="([^"]+)"/gm)].map((match) => match[1] ?? "");
  return [...plain, ...attributes].map((address) => new URL(address, playlistUrl));
}

async function save(client: DarkroomClient, url: string, path: string): Promise<Buffer> {
  const response = await client.download(url);
  const bytes = Buffer.from(await response.arrayBuffer());
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return bytes;
}
