import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { TRANSCODER_ARGS } from "../../src/local/transcoder-process.ts";
import { type TaskEvent, type TaskResult, taskEvent } from "../../src/video/protocol.ts";

/** A real transcoder in a process of its own. */
export interface Transcoder {
  url: string;
  workDir: string;
  process: ChildProcess;
  /** Resolves with the exit code. */
  exited: Promise<number | null>;
  /** Log lines so far. */
  lines: Record<string, unknown>[];
  /** Resolves with the first log line of this event, past or to come. */
  logged: (event: string) => Promise<Record<string, unknown>>;
  /** Ends the server at once and removes its folder. */
  stop: () => Promise<void>;
}

export async function startTranscoder(
  env: Record<string, string> = {},
  args: readonly string[] = TRANSCODER_ARGS,
): Promise<Transcoder> {
  const given = "WORK_DIR" in env ? env.WORK_DIR : undefined;
  const workDir = given ?? (await mkdtemp(join(tmpdir(), "darkroom-transcoder-test-")));
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, PORT: "0", WORK_DIR: workDir, FFMPEG_THREADS: "2", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const lines: Record<string, unknown>[] = [];
  const waiting: { event: string; resolve: (line: Record<string, unknown>) => void }[] = [];
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as Record<string, unknown>;
    lines.push(line);
    for (const wait of waiting.filter(({ event }) => event === line.event)) wait.resolve(line);
  });
  const logged = (event: string) => {
    const seen = lines.find((line) => line.event === event);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise<Record<string, unknown>>((resolve) => waiting.push({ event, resolve }));
  };
  const ended = exited.then((code) => Promise.reject(new Error(`The transcoder ended with ${code}.`)));
  ended.catch(() => {});
  const { port } = await Promise.race([logged("listening"), ended]);
  return {
    url: `http://127.0.0.1:${port}`,
    workDir,
    process: child,
    exited,
    lines,
    logged,
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
      await rm(workDir, { recursive: true, force: true });
    },
  };
}

/** A task that was posted: its events as they come. */
export interface PostedTask {
  response: Response;
  /** Every event up to the end of the stream. */
  events: () => Promise<TaskEvent[]>;
  /** Resolves with the first event that fits. */
  seen: (fits: (event: TaskEvent) => boolean) => Promise<TaskEvent>;
  /** Leaves the stream. */
  leave: () => void;
}

export async function postTask(transcoder: Transcoder, task: unknown): Promise<PostedTask> {
  const controller = new AbortController();
  const response = await fetch(`${transcoder.url}/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(task),
    signal: controller.signal,
  });
  const events: TaskEvent[] = [];
  const waiting: { fits: (event: TaskEvent) => boolean; resolve: (event: TaskEvent) => void }[] = [];
  const finished = response.ok ? readEvents(response, events, waiting) : Promise.resolve();
  finished.catch(() => {});
  return {
    response,
    events: async () => {
      await finished;
      return events;
    },
    seen: (fits) => {
      const past = events.find(fits);
      if (past !== undefined) return Promise.resolve(past);
      const over = finished.then(() =>
        Promise.reject(new Error(`Not seen: ${JSON.stringify(events.at(-1))}`)),
      );
      return Promise.race([new Promise<TaskEvent>((resolve) => waiting.push({ fits, resolve })), over]);
    },
    leave: () => controller.abort(),
  };
}

async function readEvents(
  response: Response,
  events: TaskEvent[],
  waiting: { fits: (event: TaskEvent) => boolean; resolve: (event: TaskEvent) => void }[],
): Promise<void> {
  let unread = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (unread + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
    unread = lines.pop() ?? "";
    for (const line of lines) {
      const event = taskEvent.parse(JSON.parse(line));
      events.push(event);
      for (const wait of waiting.filter(({ fits }) => fits(event))) wait.resolve(event);
    }
  }
}

/** Runs a task and gives its result. */
export async function runTask<K extends TaskResult["kind"]>(
  transcoder: Transcoder,
  task: unknown,
  kind: K,
): Promise<Extract<TaskResult, { kind: K }>> {
  const last = await endOf(transcoder, task);
  if (last.type !== "done" || last.result.kind !== kind) throw new Error(JSON.stringify(last));
  return last.result as Extract<TaskResult, { kind: K }>;
}

/** Runs a task and gives its final event. */
export async function endOf(transcoder: Transcoder, task: unknown): Promise<TaskEvent> {
  const posted = await postTask(transcoder, task);
  if (!posted.response.ok) throw new Error(`${posted.response.status} ${await posted.response.text()}`);
  const last = (await posted.events()).at(-1);
  if (last === undefined) throw new Error("The stream had no events.");
  return last;
}

/** Pids of the processes that work in the folder of a task. */
export async function processesIn(workDir: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(
    pids.map(async (pid) => ({ pid: Number(pid), cwd: await readlink(`/proc/${pid}/cwd`).catch(() => "") })),
  );
  return places.filter(({ cwd }) => cwd.startsWith(`${workDir}/`)).map(({ pid }) => pid);
}

/** Folders of tasks that are still on disk. */
export async function taskFolders(workDir: string): Promise<string[]> {
  return (await readdir(workDir)).filter((name) => name !== "server.pid");
}
