import type { TranscoderConfig } from "./config.ts";
import { log } from "./log.ts";
import type { TaskRegistry } from "./task-registry.ts";

const LOOK_EVERY_MS = 1_000;

/** Calls `leave`, once, when a server has done its share; the platform starts a fresh one with the next task. */
export function recycleWhenWorn(config: TranscoderConfig, registry: TaskRegistry, leave: () => void): void {
  const timer = setInterval(() => {
    if (registry.draining() || !isWorn(config, registry)) return;
    clearInterval(timer);
    log("recycling", { tasks: registry.ended(), rssBytes: process.memoryUsage.rss() });
    leave();
  }, LOOK_EVERY_MS);
  timer.unref();
}

/** One that is too large without having done anything would not be smaller the next time. */
function isWorn({ recycleAfterTasks, recycleRssBytes }: TranscoderConfig, registry: TaskRegistry): boolean {
  if (registry.ended() === 0) return false;
  return registry.ended() >= recycleAfterTasks || process.memoryUsage.rss() >= recycleRssBytes;
}
