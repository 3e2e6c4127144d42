import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What `docker` says, without the white space around it. */
export async function docker(...args: string[]): Promise<string> {
  return (await run(process.env.WRANGLER_DOCKER_BIN ?? "docker", args)).stdout.trim();
}

/** Ids of the transcoder's containers that run. */
export async function transcoders(): Promise<string[]> {
  const running = await docker("ps", "--format", "{{.ID}} {{.Image}}");
  return running.split("\n").flatMap((line) => (/^(\w+) .*transcoder/i.exec(line) ?? []).slice(1));
}

export function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
