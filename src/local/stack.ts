import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { startCron } from "./cron.ts";
import { ensureFfmpeg, hasContainerEngine } from "./ffmpeg.ts";
import { keysOf } from "./keys.ts";
import { migrate } from "./migrate.ts";
import { freePort } from "./ports.ts";
import { type Child, lastLines, signalGroup, stopChild } from "./processes.ts";
import { waitUntilReady } from "./ready.ts";
import { newRunRecord, type RunRecord, removeRunRecord, takeState, writeRunRecord } from "./run-record.ts";
import { StackError } from "./stack-error.ts";
import { startTranscoder, type TranscoderProcess } from "./transcoder-process.ts";
import { ROOT, startWranglerDev } from "./wrangler-dev.ts";

const WRANGLER_GRACE_MS = 4_000;

export interface StackOptions {
  /** Everything the instance keeps: storage, keys, logs. */
  stateDir: string;
  /** Any free port when left out. */
  port?: number;
  /** `auto` runs the real container where a container engine answers; `process` never does. */
  transcoder?: "auto" | "process";
  /** Variables of `wrangler.toml` that are set otherwise. */
  variables?: Record<string, string>;
  /** Another module in place of `src/worker.ts`, such as one whose bindings fail now and then. */
  entry?: string;
  say?: (line: string) => void;
  /** Gives up starting; what was started is stopped. */
  signal?: AbortSignal;
}

export interface Stack {
  url: string;
  /** The bootstrap admin key. */
  key: string;
  stateDir: string;
  /** Rejects with a {@link StackError} when the worker ends by itself; never resolves before {@link stop}. */
  ended: Promise<void>;
  /** Ends every process of the instance. Safe to call twice. */
  stop: () => Promise<void>;
}

/**
 * Starts one whole instance of Darkroom on loopback: D1 migrated, transcoder, `wrangler dev`, cron. Resolves when
 * every part answers; when one does not start, what did start is stopped and a {@link StackError} says why.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  takeState(stateDir);
  rmSync(join(stateDir, "logs"), { recursive: true, force: true });
  mkdirSync(join(stateDir, "logs"));
  const parts = noParts(stateDir);
  try {
    return await assemble(parts, options);
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

async function assemble(parts: Parts, options: StackOptions): Promise<Stack> {
  const { stateDir } = parts;
  const port = await freePort(options.port);
  const url = `http://127.0.0.1:${port}`;
  const keys = keysOf(stateDir);
  parts.record.url = url;
  const { say = () => undefined } = options;
  const isProcess = options.transcoder === "process" || !hasContainerEngine();
  if (isProcess) {
    ensureFfmpeg(say);
    parts.transcoder = await startTranscoder(stateDir, (pid) => parts.note("transcoder", pid));
  }
  options.signal?.throwIfAborted();
  migrate(ROOT, stateDir);
  options.signal?.throwIfAborted();
  const { entry, variables = {} } = options;
  const transcoderUrl = parts.transcoder?.url;
  const worker = startWranglerDev({ stateDir, port, keys, variables, entry, transcoderUrl });
  parts.worker = worker;
  parts.note("wrangler", worker.pid);
  if (!isProcess)
    say("a container engine answers: its first start builds the image, which takes some minutes");
  await waitUntilReady(url, worker, options.signal, { buildsImage: !isProcess });
  parts.stopCron = startCron(url);
  const ended = worker.ended.then(() => {
    if (parts.isStopping()) return parts.stop();
    throw new StackError(`wrangler dev ended by itself: ${lastLines(worker.logPath, 5)}`);
  });
  ended.catch(() => undefined);
  return { url, key: keys.bootstrapAdminKey, stateDir, ended, stop: parts.stop };
}

/** What has been started so far, and how to end it. */
interface Parts {
  stateDir: string;
  record: RunRecord;
  transcoder?: TranscoderProcess;
  worker?: Child;
  stopCron?: () => void;
  note: (name: keyof RunRecord["children"], pid: number) => void;
  isStopping: () => boolean;
  stop: () => Promise<void>;
}

function noParts(stateDir: string): Parts {
  let stopped: Promise<void> | undefined;
  const record = newRunRecord();
  /** The last resort, when this process leaves without having stopped its children. */
  const killAll = () => {
    for (const pid of Object.values(record.children)) signalGroup(pid, "SIGKILL");
  };
  process.once("exit", killAll);
  const stopAll = async () => {
    parts.stopCron?.();
    await Promise.all([parts.worker && stopChild(parts.worker, WRANGLER_GRACE_MS), parts.transcoder?.stop()]);
    process.off("exit", killAll);
    removeRunRecord(stateDir);
  };
  const parts: Parts = {
    stateDir,
    record,
    note: (name, pid) => {
      record.children[name] = pid;
      writeRunRecord(stateDir, record);
    },
    isStopping: () => stopped !== undefined,
    stop: () => {
      stopped ??= stopAll();
      return stopped;
    },
  };
  return parts;
}
