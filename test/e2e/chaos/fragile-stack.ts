import { setTimeout as wait } from "node:timers/promises";
import { DarkroomProblem } from "../../../src/client/problem.ts";
import { readRunRecord } from "../../../src/local/run-record.ts";
import { type Stack, startStack } from "../../../src/local/stack.ts";
import { familyOf, isAlive } from "../dev-server.ts";

/** When something was lost, and when it could work again, Unix milliseconds. */
export interface Loss {
  of: "transcoder" | "worker";
  atMs: number;
  backAtMs: number;
}

/** An instance whose parts are killed while it works. It keeps its address and its storage. */
export interface FragileStack {
  url: string;
  key: string;
  stateDir: string;
  losses: Loss[];
  killTranscoder(): void;
  /** Kills everything that serves requests, the hard way, and starts it again. */
  killWorker(): Promise<void>;
  /** Asks until there is an answer. @throws DarkroomProblem when the answer is that the request is wrong. */
  persist<T>(ask: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

const FAULTY_WORKER = new URL("./faulty-worker.ts", import.meta.url).pathname;
const ASK_AGAIN_MS = 300;
const PATIENCE_MS = 120_000;

export async function startFragileStack(stateDir: string): Promise<FragileStack> {
  const options = { stateDir, transcoder: "process", entry: FAULTY_WORKER } as const;
  const first = await startStack(options);
  const { url, key } = first;
  const port = Number(new URL(url).port);
  const losses: Loss[] = [];
  let stack: Stack = first;
  return {
    url,
    key,
    stateDir,
    losses,
    killTranscoder() {
      const pid = readRunRecord(stateDir).children.transcoder ?? 0;
      // It may be dead already, and about to be started again.
      if (!isAlive(pid)) return;
      const atMs = Date.now();
      process.kill(pid, "SIGKILL");
      losses.push({ of: "transcoder", atMs, backAtMs: atMs });
    },
    async killWorker() {
      const atMs = Date.now();
      for (const pid of familyOf(readRunRecord(stateDir).children.wrangler ?? 0))
        process.kill(pid, "SIGKILL");
      await stack.ended.catch(() => undefined);
      await stack.stop();
      stack = await startStack({ ...options, port });
      losses.push({ of: "worker", atMs, backAtMs: Date.now() });
    },
    async persist(ask) {
      for (const giveUpAtMs = Date.now() + PATIENCE_MS; ; ) {
        try {
          return await ask();
        } catch (error) {
          const isRefusal = error instanceof DarkroomProblem && error.status < 500 && error.status !== 429;
          if (isRefusal || Date.now() > giveUpAtMs) throw error;
          await wait(ASK_AGAIN_MS);
        }
      }
    },
    stop: () => stack.stop(),
  };
}
