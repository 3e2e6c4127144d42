import { MediaError } from "../../src/errors.ts";
import type { TaskEvent, TaskRequest } from "../../src/video/protocol.ts";
import { log } from "./log.ts";
import { type FinalEvent, type Machine, runTask } from "./run-task.ts";
import { createUsageMeter } from "./task-usage.ts";

/** How long the end of a task can be asked for, ms, and how many ends are kept. */
const REMEMBER_MS = 5 * 60_000;
const REMEMBER_TASKS = 100;
const HEARTBEAT_MS = 5_000;

type Listener = (event: TaskEvent) => void;

interface RunningTask {
  kind: TaskRequest["kind"];
  controller: AbortController;
  listeners: Set<Listener>;
  last: TaskEvent;
  ended: Promise<FinalEvent>;
}

interface FinishedTask {
  kind: TaskRequest["kind"];
  event: FinalEvent;
  finishedAt: number;
}

/** Answer of `GET /tasks/{attemptId}`: the last event, which is the final one when the task is finished. */
export interface TaskState {
  attemptId: string;
  kind: TaskRequest["kind"];
  state: "running" | "finished";
  event: TaskEvent;
}

/** The tasks that this server runs, and the ends of those it ran lately. */
export interface TaskRegistry {
  /**
   * Starts a task; it goes on whether or not anyone listens.
   * @returns its final event, and a way to stop listening
   * @throws {MediaError} `conflict` when it already runs, `transcoder_busy` when there is no room
   */
  start: (request: TaskRequest, listener: Listener) => { ended: Promise<FinalEvent>; leave: () => void };
  /** @throws {MediaError} `not_found` */
  state: (attemptId: string) => TaskState;
  /**
   * Ends a task and resolves when its processes and its folder are gone.
   * @throws {MediaError} `not_found`
   */
  cancel: (attemptId: string) => Promise<void>;
  /** Takes no more tasks; resolves when the last one has ended, after `graceMs` at the latest. */
  drain: (graceMs: number) => Promise<void>;
  running: () => string[];
  draining: () => boolean;
  /** How many tasks have ended here. */
  ended: () => number;
}

export function createTaskRegistry(machine: Machine): TaskRegistry {
  const running = new Map<string, RunningTask>();
  const finished = new Map<string, FinishedTask>();
  let draining = false;
  let ended = 0;

  function refuse(attemptId: string): void {
    if (running.has(attemptId)) throw new MediaError("conflict", `Attempt ${attemptId} is running.`);
    if (draining) throw new MediaError("transcoder_busy", "The transcoder is shutting down.");
    if (running.size >= machine.config.maxTasks) {
      throw new MediaError("transcoder_busy", `The transcoder runs ${running.size} tasks already.`);
    }
  }

  function start(request: TaskRequest, listener: Listener) {
    const { attemptId, kind } = request;
    refuse(attemptId);
    finished.delete(attemptId);
    const controller = new AbortController();
    const task: RunningTask = {
      kind,
      controller,
      listeners: new Set([listener]),
      last: { type: "heartbeat" },
      ended: Promise.resolve().then(() => runToEnd(request, controller)),
    };
    running.set(attemptId, task);
    return { ended: task.ended, leave: () => void task.listeners.delete(listener) };
  }

  async function runToEnd(request: TaskRequest, controller: AbortController): Promise<FinalEvent> {
    const { attemptId, kind } = request;
    const emit = (event: TaskEvent) => tell(attemptId, event);
    const measure = createUsageMeter(machine.config.workDir, attemptId);
    const beat = setInterval(() => void measure().then(emit), HEARTBEAT_MS);
    const startedAt = performance.now();
    log("task_started", { attemptId, kind });
    const event = await runTask(machine, request, controller, emit);
    clearInterval(beat);
    emit(event);
    running.delete(attemptId);
    ended++;
    remember(attemptId, { kind, event, finishedAt: Date.now() });
    const code = event.type === "error" ? event.code : undefined;
    log("task_ended", { attemptId, kind, code, wallMs: Math.round(performance.now() - startedAt) });
    return event;
  }

  function tell(attemptId: string, event: TaskEvent): void {
    const task = running.get(attemptId);
    if (task === undefined) return;
    if (event.type !== "heartbeat") task.last = event;
    for (const listener of task.listeners) listener(event);
  }

  function remember(attemptId: string, task: FinishedTask): void {
    finished.set(attemptId, task);
    for (const [id, { finishedAt }] of finished) {
      const old = Date.now() - finishedAt > REMEMBER_MS;
      if (old || finished.size > REMEMBER_TASKS) finished.delete(id);
    }
  }

  function state(attemptId: string): TaskState {
    const live = running.get(attemptId);
    if (live !== undefined) return { attemptId, kind: live.kind, state: "running", event: live.last };
    const ended = finished.get(attemptId);
    if (ended !== undefined) return { attemptId, kind: ended.kind, state: "finished", event: ended.event };
    throw new MediaError("not_found", `There is no attempt ${attemptId} here.`);
  }

  async function cancel(attemptId: string): Promise<void> {
    const task = running.get(attemptId);
    if (task === undefined) return void state(attemptId);
    task.controller.abort(new MediaError("cancelled", "The task was cancelled."));
    await task.ended;
  }

  async function drain(graceMs: number): Promise<void> {
    draining = true;
    const reason = new MediaError("killed", "The transcoder shut down before the task ended.");
    const timer = setTimeout(() => {
      for (const task of running.values()) task.controller.abort(reason);
    }, graceMs);
    await Promise.all([...running.values()].map((task) => task.ended));
    clearTimeout(timer);
  }

  return {
    start,
    state,
    cancel,
    drain,
    running: () => [...running.keys()],
    draining: () => draining,
    ended: () => ended,
  };
}
