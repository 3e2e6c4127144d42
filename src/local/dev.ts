/** `npm run dev -- [--port N] [--state DIR]`: one isolated instance, until Ctrl-C or SIGTERM. */
import { parseStackArguments } from "./args.ts";
import { aborted, runMain } from "./main.ts";
import { startStack } from "./stack.ts";

const DEFAULT_STATE_DIR = ".darkroom";

await runMain(async (interruption) => {
  const { stateDir = DEFAULT_STATE_DIR, ...given } = parseStackArguments(process.argv.slice(2));
  const { port, transcoder, variables } = given;
  const options = { stateDir, port, transcoder, variables, signal: interruption, say: console.error };
  const stack = await startStack(options).catch((error: unknown) => {
    if (interruption.aborted) return undefined;
    throw error;
  });
  if (!stack) return;
  console.log(`ready ${stack.url} key ${stack.key}`);
  try {
    await Promise.race([aborted(interruption), stack.ended]);
  } finally {
    await stack.stop();
  }
});
