import { StackError } from "./stack-error.ts";

/**
 * Runs a command-line program to its end and leaves with 0, or with 1 and one sentence. `interrupted` resolves at
 * the first Ctrl-C or SIGTERM; at the second one the program leaves at once (its children are killed on exit).
 */
export async function runMain(program: (interrupted: Promise<void>) => Promise<void>): Promise<never> {
  const interruption = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (signals > 1) process.exit(130);
    interruption.resolve();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  process.on("SIGHUP", onSignal);
  try {
    await program(interruption.promise);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof StackError ? error.message : error);
    process.exit(1);
  }
}
