/** `npm run dev -- [--port N] [--state DIR]`: one isolated instance, until Ctrl-C or SIGTERM. */
import { parseStackArguments } from "./args.ts";
import { runMain } from "./main.ts";
import { startStack } from "./stack.ts";

const DEFAULT_STATE_DIR = ".darkroom";

await runMain(async (interrupted) => {
  const { port, stateDir = DEFAULT_STATE_DIR, transcoder } = parseStackArguments(process.argv.slice(2));
  const starting = startStack({ stateDir, port, transcoder, say: console.error });
  const stack = await Promise.race([starting, interrupted]);
  if (!stack) return (await starting).stop();
  console.log(`ready ${stack.url} key ${stack.key}`);
  try {
    await Promise.race([interrupted, stack.ended]);
  } finally {
    await stack.stop();
  }
});
