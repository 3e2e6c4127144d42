import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { type ErrorCode, MediaError } from "../../src/errors.ts";
import type { FfmpegExit } from "../../src/video/ffmpeg-errors.ts";
import { followCpu } from "./cpu-time.ts";
import { withoutUrls } from "./log.ts";
import { oomKills } from "./oom-kills.ts";
import { followPeak } from "./peak-memory.ts";
import { watchForStall } from "./stall-watch.ts";
import { killGroup } from "./work-folder.ts";

const STDERR_TAIL_CHARACTERS = 4000;
/** Descriptors below this are stdin, stdout and stderr. */
const FIRST_EXTRA_FD = 3;

/** Beyond either bound the process group is ended, and the run fails with what `beyond` says. */
export interface ProcessBounds {
  maxMs: number;
  /** Looked at a few times a second. */
  maxMemoryBytes: number;
  beyond: (bound: "time" | "memory") => MediaError;
}

export interface ProcessRun {
  command: string;
  args: string[];
  /** Folder of the task. */
  cwd: string;
  /** Ends the run when the process stands still for so long. */
  stallMs: number;
  /** Whether `onStdout` tells how far it has come; otherwise processor time is the only sign of life. */
  tellsProgress?: boolean;
  /** Ends the process group; its reason is what the run then fails with. */
  signal: AbortSignal;
  /** What it may take, where running out of it is the fault of its input. */
  bounds?: ProcessBounds;
  /** `false`: it said something, but has come no further. */
  onStdout: (text: string) => boolean | undefined;
  /** Readers of pipe 3, 4, …; the run fails with the first that fails. */
  readers?: ((pipe: Readable) => Promise<void>)[];
  /** What an unsuccessful end means. */
  classifyExit: (exit: FfmpegExit) => MediaError;
  /** Code for a command that is not installed. */
  missingCode?: ErrorCode;
}

/**
 * Runs one command in its own process group to its end, and gives the tail of its stderr, without URLs.
 * @throws {MediaError} the reason of `signal`, the failure of a reader, `out_of_memory` when the kernel ended it for that,
 *   or what `classifyExit` makes of the exit
 */
export async function runProcess(run: ProcessRun): Promise<string> {
  run.signal.throwIfAborted();
  const readers = run.readers ?? [];
  const oomKillsBefore = await oomKills();
  const child = spawn(run.command, run.args, {
    cwd: run.cwd,
    detached: true,
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe", ...readers.map(() => "pipe" as const)],
  });
  const end = () => child.pid !== undefined && killGroup(child.pid);
  let ended: Failure | undefined;
  const endBeyond = (bound: "time" | "memory") => {
    if (run.bounds) ended ??= { error: run.bounds.beyond(bound) };
    end();
  };
  const timer = run.bounds && setTimeout(() => endBeyond("time"), run.bounds.maxMs);
  const watch = watchForStall({
    pid: child.pid ?? 0,
    stallMs: run.stallMs,
    tellsProgress: run.tellsProgress ?? false,
    onStall: (silentMs) => {
      ended = { error: stallOf(run.command, silentMs) };
      end();
    },
  });
  run.signal.addEventListener("abort", end, { once: true });
  const stopFollowing =
    child.pid === undefined
      ? () => {}
      : followPeak(child.pid, run.cwd, {
          maxBytes: run.bounds?.maxMemoryBytes,
          onBeyond: () => endBeyond("memory"),
        });
  if (child.pid !== undefined) child.once("exit", followCpu(child.pid, run.cwd));
  try {
    const tail = collectStderr(child);
    const listening = listenToStdout(child, run, end, watch.moved);
    const reading = readPipes(child, readers, end);
    const { exitCode, signal } = await exitOf(child, run);
    const readFailure = await reading;
    if (signal === "SIGKILL" && (await oomKills()) > oomKillsBefore) ended ??= { error: outOfMemory() };
    // What a reader makes of a broken pipe only follows from the end.
    const failure = ended ?? readFailure ?? listening.failure;
    run.signal.throwIfAborted();
    if (failure !== undefined) throw failure.error;
    if (exitCode !== 0) throw run.classifyExit({ exitCode, signal, stderr: tail() });
    return tail();
  } finally {
    watch.stop();
    clearTimeout(timer);
    stopFollowing();
    run.signal.removeEventListener("abort", end);
  }
}

function outOfMemory(): MediaError {
  return new MediaError("out_of_memory", "The work was ended because the slot ran out of memory.");
}

function stallOf(command: string, silentMs: number): MediaError {
  const name = command === "ffmpeg" ? "The encoder" : "The process doing the work";
  return new MediaError("stalled", `${name} stood still for ${Math.round(silentMs / 1000)} s and was ended.`);
}

/** Resolves when the process has ended and all of its pipes are closed. */
function exitOf(child: ChildProcess, run: ProcessRun): Promise<Omit<FfmpegExit, "stderr">> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const message = `${run.command} could not be started in this transcoder.`;
      reject(new MediaError(run.missingCode ?? "encoder_missing", message, { cause }));
    });
    child.once("close", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

function collectStderr(child: ChildProcess): () => string {
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-STDERR_TAIL_CHARACTERS);
  });
  return () => withoutUrls(tail.trim());
}

interface Failure {
  error: unknown;
}

/** What a listener throws ends the run; out of an event handler it would end the server. */
function listenToStdout(
  child: ChildProcess,
  run: ProcessRun,
  end: () => void,
  moved: () => void,
): { failure?: Failure } {
  const outcome: { failure?: Failure } = {};
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    try {
      if (run.onStdout(text) !== false) moved();
    } catch (error) {
      outcome.failure ??= { error };
      end();
    }
  });
  return outcome;
}

async function readPipes(
  child: ChildProcess,
  readers: NonNullable<ProcessRun["readers"]>,
  end: () => void,
): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  await Promise.all(
    readers.map(async (read, i) => {
      const pipe = child.stdio[FIRST_EXTRA_FD + i] as Readable;
      try {
        await read(pipe);
      } catch (error) {
        failure ??= { error };
        end();
        pipe.destroy();
      }
    }),
  );
  return failure;
}
