import { type Child, lastLines } from "./processes.ts";
import { StackError } from "./stack-error.ts";

const READY_DEADLINE_MS = 180_000;
/** The first start with a container engine builds the image. */
const READY_WITH_IMAGE_DEADLINE_MS = 20 * 60_000;
const ASK_EVERY_MS = 150;

/**
 * Waits until every part behind `url` answers. Throws a {@link StackError} when the worker ends or cannot be built,
 * or when time runs out, and the reason of `signal` when it aborts.
 */
export async function waitUntilReady(
  url: string,
  worker: Child,
  signal: AbortSignal | undefined,
  { buildsImage = false } = {},
): Promise<void> {
  const timeLimitMs = buildsImage ? READY_WITH_IMAGE_DEADLINE_MS : READY_DEADLINE_MS;
  const deadlineMs = Date.now() + timeLimitMs;
  let last = "no answer";
  while (Date.now() < deadlineMs) {
    signal?.throwIfAborted();
    if (!worker.isRunning()) {
      throw new StackError(`wrangler dev ended before it was ready: ${lastLines(worker.logPath, 14)}`);
    }
    const problem = failedBuildIn(worker.logPath);
    if (problem !== undefined) throw new StackError(`The worker cannot be built: ${problem}`);
    last = await ask(`${url}/readyz?deep=1`);
    if (last === "ok") return;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  throw new StackError(`Not every part answered within ${timeLimitMs / 1000} s; the last word was: ${last}`);
}

/** Every error has many lines: those that matter stand right after the one that says that it failed. */
function failedBuildIn(logPath: string): string | undefined {
  const lines = lastLines(logPath, Number.POSITIVE_INFINITY).split("\n");
  const at = lines.findIndex((line) => line.includes("Build failed"));
  return at < 0 ? undefined : lines.slice(at, at + 14).join("\n");
}

async function ask(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    return response.ok ? "ok" : `${response.status} ${await response.text()}`;
  } catch (error) {
    return String((error as Error).cause ?? error);
  }
}
