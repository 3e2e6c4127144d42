/**
 * One Durable Object a job: it hears what the workers report, tells everyone who watches, and takes tasks back from
 * workers that fall silent. D1 holds the truth of a job; what is here can be lost and is then only not live.
 */
import { DurableObject } from "cloudflare:workers";
import { type Env, LIMITS } from "../config.ts";
import { log } from "../log.ts";
import { updateBetween } from "./delta.ts";
import type { ProgressEvent, ProgressSnapshot, WatchMessage } from "./event.ts";
import { EVENT_STREAM_HEADERS, type EventStream, lastEventId, openEventStream } from "./event-stream.ts";
import { closeReason, farewell, wantsWebSocket } from "./farewell.ts";
import { type Kept, nextDueMs, nothingKept, stateEndsMs, UPDATE_EVERY_MS } from "./kept.ts";
import { reduce } from "./reduce.ts";
import { appendToLog, clearLog, messagesSince, openLog } from "./sent-log.ts";
import { snapshotOf } from "./snapshot.ts";
import { ended, postponed, type RunningTask, runningOf, watch } from "./watch.ts";

const KEEP_ALIVE_MS = 15_000;
/** After a task could not be taken back, the next try. */
const RECOVER_AGAIN_MS = 5_000;

export abstract class ProgressChannel extends DurableObject<Env> {
  #kept: Kept;
  #savedAtMs = 0;
  readonly #streams = new Set<EventStream>();
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    openLog(ctx.storage.sql);
    this.#kept = ctx.storage.kv.get<Kept>("kept") ?? nothingKept();
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
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
    // Between the boundaries a lost second is only a second of progress; it need not be written every time.
    if (boundary || events.some(isLifeCycle) || nowMs >= this.#savedAtMs + UPDATE_EVERY_MS) this.#save(nowMs);
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
    return wantsWebSocket(request) ? this.#openSocket() : this.#openStream(request);
  }

  /** Serves what is due: the trailing update, silent workers, the end of the day. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    if (nowMs >= stateEndsMs(this.#kept)) return this.#drop();
    if (this.#kept.pending) this.#tell(nowMs);
    await this.#takeBackOverdue(nowMs);
    this.#save(nowMs);
    await this.#schedule();
  }

  /** Watchers have nothing to say but `ping`, which the runtime answers without waking this object. */
  override webSocketMessage(): void {}

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
    const kept = this.#kept;
    kept.pending = false;
    if (!kept.state) return;
    const after = snapshotOf({ ...kept.state, sequence: kept.state.sequence + 1 }, nowMs);
    const message = messageFor(kept.told, after, kept.state.endedAtMs !== null);
    if (!message) return;
    kept.state = { ...kept.state, sequence: after.sequence };
    kept.told = after;
    kept.toldAtMs = nowMs;
    appendToLog(this.ctx.storage.sql, message);
    for (const socket of this.ctx.getWebSockets()) this.#sendToSocket(socket, message, after);
    for (const stream of this.#streams) this.#sendToStream(stream, message, after);
  }

  #openSocket(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const { told } = this.#kept;
    const [snapshot, end] = told ? farewell(told) : [];
    if (told && snapshot && end) this.#sendToSocket(server, this.#over() ? end : snapshot, told);
    return new Response(null, { status: 101, webSocket: client });
  }

  #sendToSocket(socket: WebSocket, message: WatchMessage, whole: ProgressSnapshot): void {
    const greeted = socket.deserializeAttachment() === "greeted";
    for (const each of greeted ? [message] : greeting(message, whole)) socket.send(JSON.stringify(each));
    if (!greeted) socket.serializeAttachment("greeted");
    if (message.type === "end") socket.close(1000, closeReason(whole));
  }

  #openStream(request: Request): Response {
    const { told } = this.#kept;
    const seen = lastEventId(request);
    // A client that reconnects after the end has it already: 204 is how EventSource is told to stay away.
    if (told && this.#over() && seen === told.sequence) return new Response(null, { status: 204 });
    const stream = openEventStream(() => this.#leave(stream));
    this.#join(stream);
    const missed = told && seen !== null && messagesSince(this.ctx.storage.sql, seen, told.sequence);
    stream.greeted = Boolean(missed);
    stream.comment();
    if (told) {
      const [snapshot, end] = farewell(told);
      const messages = missed || [this.#over() ? end : snapshot];
      for (const message of messages) if (message) this.#sendToStream(stream, message, told);
    }
    return new Response(stream.body, { headers: EVENT_STREAM_HEADERS });
  }

  #sendToStream(stream: EventStream, message: WatchMessage, whole: ProgressSnapshot): void {
    const messages = stream.greeted ? [message] : greeting(message, whole);
    stream.greeted = true;
    const there = messages.every((each) => stream.send(each));
    if (message.type === "end") stream.close();
    if (!there || message.type === "end") this.#leave(stream);
  }

  #join(stream: EventStream): void {
    this.#streams.add(stream);
    this.#keepAlive ??= setInterval(() => {
      for (const each of this.#streams) if (!each.comment()) this.#leave(each);
    }, KEEP_ALIVE_MS);
  }

  #leave(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
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
    for (const socket of this.ctx.getWebSockets()) socket.close(1001, "progress is no longer kept");
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
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

  #save(nowMs: number): void {
    this.ctx.storage.kv.put("kept", this.#kept);
    this.#savedAtMs = nowMs;
  }

  #over(): boolean {
    return (
      this.#kept.told !== null &&
      this.#kept.told.status !== "pending" &&
      this.#kept.told.status !== "processing"
    );
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

/** For a watcher who holds nothing yet: the whole snapshot first, then the end if this is it. */
function greeting(message: WatchMessage, whole: ProgressSnapshot): WatchMessage[] {
  return message.type === "end" ? farewell(whole) : farewell(whole).slice(0, 1);
}

function isLifeCycle(event: ProgressEvent): boolean {
  return event.type !== "task_progress" && event.type !== "heartbeat";
}
