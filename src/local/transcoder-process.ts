import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Child, lastLines, signalGroup, startChild, stopChild } from "./processes.ts";
import { StackError } from "./stack-error.ts";
import { ROOT } from "./wrangler-dev.ts";

const START_DEADLINE_MS = 20_000;
const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 5_000;
/** How long it drains: a person who pressed Ctrl-C does not wait for an encode. The job goes on at the next start. */
const DRAIN_MS = 1_000;
const GRACE_MS = 4_000;
/** One process stands in for the containers of all slots. */
const MAX_TASKS = 16;

/** One's own machine is full of other things, which are no reason to refuse work until there is no room at all. */
const MAX_SHARE = 0.97;

export interface TranscoderProcess {
  url: string;
  stop: () => Promise<void>;
}

/**
 * Runs the transcoder server as a process of this machine, on a free port that it keeps: when it dies it is started
 * again, with a pause that grows up to 5 s. `onStart` hears the pid of each run.
 */
export async function startTranscoder(
  stateDir: string,
  onStart: (pid: number) => void,
): Promise<TranscoderProcess> {
  let stopping = false;
  let current = launch(stateDir, 0);
  const port = await current.listening;
  onStart(current.child.pid);

  const keepAlive = async () => {
    let backoffMs = FIRST_BACKOFF_MS;
    for (;;) {
      const startedAtMs = Date.now();
      await current.child.ended;
      // Killed the hard way, it leaves its ffmpeg running.
      signalGroup(current.child.pid, "SIGKILL");
      if (stopping) return;
      if (Date.now() - startedAtMs > LAST_BACKOFF_MS) backoffMs = FIRST_BACKOFF_MS;
      await new Promise((resolve) => setTimeout(resolve, backoffMs));
      backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
      if (stopping) return;
      current = launch(stateDir, port);
      current.listening.catch(() => undefined);
      onStart(current.child.pid);
    }
  };
  const keeper = keepAlive();

  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      stopping = true;
      await stopChild(current.child, GRACE_MS);
      await keeper;
    },
  };
}

/** As in the image. Its young objects die young: a small nursery keeps the server itself below 150 MiB. */
export const TRANSCODER_ARGS = [
  "--disable-warning=ExperimentalWarning",
  "--max-semi-space-size=2",
  join(ROOT, "containers/transcoder/server.ts"),
];

function launch(stateDir: string, port: number): { child: Child; listening: Promise<number> } {
  const workDir = join(stateDir, "transcoder");
  mkdirSync(workDir, { recursive: true });
  const announced = Promise.withResolvers<number>();
  const child = startChild({
    name: "transcoder",
    command: process.execPath,
    args: TRANSCODER_ARGS,
    cwd: ROOT,
    env: {
      PORT: String(port),
      HOST: "127.0.0.1",
      WORK_DIR: workDir,
      DRAIN_GRACE_MS: String(DRAIN_MS),
      MAX_TASKS: String(MAX_TASKS),
      MAX_MEMORY_SHARE: String(MAX_SHARE),
      MAX_DISK_SHARE: String(MAX_SHARE),
    },
    logPath: join(stateDir, "logs", "transcoder.log"),
    onLine: (line) => {
      const found = portIn(line);
      if (found) announced.resolve(found);
    },
  });
  const fail = (why: string) =>
    announced.reject(new StackError(`The transcoder ${why}: ${lastLines(child.logPath, 5)}`));
  const deadline = setTimeout(() => fail("did not start"), START_DEADLINE_MS);
  void child.ended.then(() => fail("ended at once"));
  void announced.promise.catch(() => undefined).finally(() => clearTimeout(deadline));
  return { child, listening: announced.promise };
}

/** The port in the line that says that the server listens, or undefined for any other line. */
function portIn(line: string): number | undefined {
  if (!line.includes('"listening"')) return undefined;
  const message = JSON.parse(line) as { event?: string; port?: number };
  return message.event === "listening" ? message.port : undefined;
}
