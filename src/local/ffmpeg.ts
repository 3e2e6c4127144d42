import { spawnSync } from "node:child_process";
import { StackError } from "./stack-error.ts";

/**
 * Makes sure that ffmpeg and ffprobe are on the PATH. As root on a machine with apt they are installed; anywhere
 * else a {@link StackError} says what to do.
 */
export function ensureFfmpeg(say: (line: string) => void): void {
  if (runs("ffmpeg", "-version") && runs("ffprobe", "-version")) return;
  if (process.getuid?.() === 0 && runs("apt-get", "--version")) {
    say("installing ffmpeg");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "-q"], { stdio: "ignore", env });
    spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "ffmpeg"], {
      stdio: "ignore",
      env,
    });
  }
  if (!runs("ffmpeg", "-version") || !runs("ffprobe", "-version")) {
    throw new StackError("ffmpeg and ffprobe are needed on the PATH; install them and start again.");
  }
}

/** Whether a container engine answers, so that `wrangler dev` can run the real container. */
export function hasContainerEngine(): boolean {
  return runs(process.env.WRANGLER_DOCKER_BIN ?? "docker", "info");
}

function runs(command: string, argument: string): boolean {
  return spawnSync(command, [argument], { stdio: "ignore", timeout: 10_000 }).status === 0;
}
