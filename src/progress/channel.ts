/**
 * One Durable Object a job: it hears what the workers report, tells everyone who watches, and takes tasks back from
 * workers that fall silent. D1 holds the truth of a job; what is here can be lost and is then only not live.
 */
import { DurableObject } from "cloudflare:workers";
import { type Env, LIMITS } from "../config.ts";
import { log } from "../log.ts";
import { signOfLife, updateBetween } from "./delta.ts";
import type { ProgressEvent, ProgressSnapshot, WatchMessage } from "./event.ts";
import { wantsWebSocket } from "./farewell.ts";
import {
  type Kept,
  nextDueMs,
  nothingKept,
  SIGN_OF_LIFE_EVERY_MS,
  stateEndsMs,
  UPDATE_EVERY_MS,
} from "./kept.ts";
import { reduce } from "./reduce.ts";
import { appendToLog, clearLog, openLog } from "./sent-log.ts";
import { snapshotOf } from "./snapshot.ts";
import { ended, postponed, type RunningTask, runningOf, watch } from "./watch.ts";
import { type Watchers, watchersOf } from "./watchers.ts";

/** After a task could not be taken back, the next try. */
const RECOVER_AGAIN_MS = 5_000;

export abstract class ProgressChannel extends DurableObject<Env> {
  #kept: Kept;
  #savedAtMs = 0;
  readonly #watchers: Watchers;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    openLog(ctx.storage.sql);
    this.#kept = ctx.storage.kv.get<Kept>("kept") ?? nothingKept();
    this.#watchers = watchersOf(ctx);
  }

  /** Takes a task back from a worker that fell silent. May be called more than once; when it throws, it is again. */
  protected abstract recover(task: Pick<RunningTask, "taskId" | "leaseToken" | "attempt">): Promise<void>;

  /** Hears events in the order given. Safe to repeat: what was heard before is dropped. */
  async record(events: ProgressEvent[]): Promise<void> {
    const nowMs = Date.now();
    const boundary = events.map((event) => this.#hear(event, nowMs)).some(Boolean);
    this.#kept.heardAtMs = nowMs;
    const due = nowMs >= this.#kept.toldAtMs + UPDATE_EVERY_MS;
    if (this.#kept.pending && (boundary || due)) this.#tell(nowMs);
    else if (nowMs >= this.#kept.toldAtMs + SIGN_OF_LIFE_EVERY_MS) this.#showLife(nowMs);
    // What nobody was told is only a second of progress; it need not be written every time.
    if (boundary || events.some(isLifeCycle) || nowMs >= this.#savedAtMs + UPDATE_EVERY_MS) this.save(nowMs);
    await this.#schedule();
  }

  /** What a poller is shown now, or `null` when nothing was recorded or it was dropped after its day. */
  async snapshot(): Promise<ProgressSnapshot | null> {
    return this.#kept.state && snapshotOf(this.#kept.state, Date.now());
  }

  /** The attempts under watch, for operators. */
  async runningTasks(): Promise<RunningTask[]> {
    return runningOf(this.#kept.watched);
  }

  /** The live feed: a WebSocket when the request asks for an upgrade, else server-sent events. */
  override async fetch(request: Request): Promise<Response> {
    const { told } = this.#kept;
    if (wantsWebSocket(request)) return this.#watchers.openSocket(told);
    return this.#watchers.openStream(request, told);
  }

  /** Serves what is due: the trailing update, silent workers, the end of the day. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    if (nowMs >= stateEndsMs(this.#kept)) return this.#drop();
    if (this.#kept.pending) this.#tell(nowMs);
    await this.#takeBackOverdue(nowMs);
    this.save(nowMs);
    await this.#schedule();
  }

  /** Watchers have nothing to say but `ping`, which the runtime answers without waking this object. */
  override webSocketMessage(socket: WebSocket): void {
    socket.close(1008, "this feed only listens to ping");
  }

  /**
   * Writes down what is known. Whoever tells somebody else of it does so first: the runtime lets nothing out before the
   * write stands, so that no crash makes this object know less than was told.
   */
  protected save(nowMs = Date.now()): void {
    this.ctx.storage.kv.put("kept", this.#kept);
    this.#savedAtMs = nowMs;
  }

  #hear(event: ProgressEvent, nowMs: number): boolean {
    const kept = this.#kept;
    const { state, changed, boundary } = reduce(kept.state, event);
    if (event.type === "accepted" && changed) {
      kept.told = null;
      clearLog(this.ctx.storage.sql);
    }
    kept.state = state;
    kept.pending ||= changed;
    const over = state !== null && state.endedAtMs !== null;
    kept.watched = over ? [] : watch(kept.watched, event, nowMs, LIMITS.heartbeatTimeoutMs);
    return boundary;
  }

  #tell(nowMs: number): void {
    const { state, told } = this.#kept;
    this.#kept.pending = false;
    if (!state) return;
    const after = snapshotOf({ ...state, sequence: state.sequence + 1 }, nowMs);
    const message = messageFor(told, after, state.endedAtMs !== null);
    if (message) this.#send(message, after, nowMs);
  }

  #showLife(nowMs: number): void {
    const { state, told } = this.#kept;
    if (!told || state?.status !== "processing") return;
    const after = snapshotOf({ ...state, sequence: state.sequence + 1 }, nowMs);
    this.#send({ type: "update", ...signOfLife(told, after) }, after, nowMs);
  }

  #send(message: WatchMessage, after: ProgressSnapshot, nowMs: number): void {
    const kept = this.#kept;
    kept.state = kept.state && { ...kept.state, sequence: after.sequence };
    kept.told = after;
    kept.toldAtMs = nowMs;
    this.save(nowMs);
    appendToLog(this.ctx.storage.sql, message);
    this.#watchers.tell(message, after);
  }

  async #takeBackOverdue(nowMs: number): Promise<void> {
    for (const task of runningOf(this.#kept.watched).filter((each) => each.dueAtMs <= nowMs)) {
      const { taskId, leaseToken, attempt } = task;
      try {
        await this.recover({ taskId, leaseToken, attempt });
        this.#kept.watched = ended(this.#kept.watched, taskId, attempt, nowMs);
      } catch (error) {
        const details = { task_id: taskId, attempt, error: String(error) };
        log("error", "progress", "recover_failed", details);
        this.#kept.watched = postponed(this.#kept.watched, task, nowMs + RECOVER_AGAIN_MS);
      }
    }
  }

  async #drop(): Promise<void> {
    this.#watchers.dismiss("progress is no longer kept");
    await this.ctx.storage.deleteAll();
    this.#kept = nothingKept();
    openLog(this.ctx.storage.sql);
  }

  /** The alarm only moves forward in time by ringing: a heartbeat then costs no write. */
  async #schedule(): Promise<void> {
    const dueMs = nextDueMs(this.#kept);
    const setMs = await this.ctx.storage.getAlarm();
    if (setMs === null || dueMs < setMs) await this.ctx.storage.setAlarm(dueMs);
  }
}

/** What everyone who holds `told` is sent; `null` when they would see no difference. */
function messageFor(
  told: ProgressSnapshot | null,
  after: ProgressSnapshot,
  over: boolean,
): WatchMessage | null {
  if (over) return { type: "end", ...after };
  if (!told) return { type: "snapshot", ...after };
  const update = updateBetween(told, after);
  return update && { type: "update", ...update };
}

function isLifeCycle(event: ProgressEvent): boolean {
  return event.type !== "task_progress" && event.type !== "heartbeat";
}
