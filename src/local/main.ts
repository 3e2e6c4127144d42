import { StackError } from "./stack-error.ts";

/**
 * Runs a command-line program to its end and leaves with 0, or with 1 and one sentence. The signal aborts at the
 * first Ctrl-C or SIGTERM; at the second one the program leaves at once (its children are killed on exit).
 */
export async function runMain(program: (interruption: AbortSignal) => Promise<void>): Promise<never> {
  const interruption = new AbortController();
  const onSignal = () => {
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new StackError("Interrupted; everything that was started has been stopped."));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  try {
    await program(interruption.signal);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof StackError ? error.message : error);
    process.exit(1);
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
