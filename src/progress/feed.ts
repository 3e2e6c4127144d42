/**
 * One Durable Object an owner: a single WebSocket for a page that shows many jobs. It hears of jobs from their channels,
 * keeps the latest of each, and passes on what has changed at most four times a second. It may hibernate at any time:
 * what it must not forget is in its SQLite and in the attachments of the sockets.
 */
import { DurableObject } from "cloudflare:workers";
import { configOf, type Env, LIMITS } from "../config.ts";
import { log } from "../log.ts";
import { type FeedEntry, markTold, openEntries, putEntry, unheardOf, untoldEntries } from "./feed-entries.ts";
import { namesOf, readRequest, type Subjects, subjectNames } from "./feed-message.ts";
import { closeFeedSocket, openFeedSocket, say, socketNamed } from "./feed-sockets.ts";
import { type JobAtRest, jobsOf, ownSubjects, readThumbnails } from "./feed-subjects.ts";
import {
  addSubscriptions,
  allSubjects,
  countSubscriptions,
  listenersOf,
  openSubscriptions,
  removeSocket,
  removeSubscriptions,
} from "./feed-subscriptions.ts";
import { FOLLOWED_KEPT_MS, markFollowed, markUnfollowed } from "./followers.ts";

const TELL_EVERY_MS = 250;
/** Jobs that one subscription asks about at once. */
const MAX_JOBS = 500;
/** Channels that are asked side by side. */
const ASKED_AT_ONCE = 25;

export class Feed extends DurableObject<Env> {
  #toldAtMs = 0;
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    openSubscriptions(this.#sql);
    openEntries(this.#sql);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** Takes in a WebSocket of the owner that the route names, or answers 429. */
  override async fetch(request: Request): Promise<Response> {
    this.ctx.storage.kv.put("owner", decodeURIComponent(request.headers.get("X-Feed-Owner") ?? ""));
    return openFeedSocket(this.ctx);
  }

  /** Hears how a job stands. `false`: nobody here listens to it, and it need not tell any more. */
  async tell(entry: FeedEntry): Promise<boolean> {
    if (listenersOf(this.#sql, namesOf(entry)).length === 0) {
      if (this.ctx.getWebSockets().length === 0) await this.#forget();
      return false;
    }
    const nowMs = Date.now();
    putEntry(this.#sql, entry, true, nowMs);
    if (nowMs >= this.#toldAtMs + TELL_EVERY_MS) await this.#tellAll(nowMs);
    else await this.#wakeAt(this.#toldAtMs + TELL_EVERY_MS);
    return true;
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    const relistMs = this.ctx.storage.kv.get<number>("relistMs");
    if (relistMs !== undefined && nowMs >= relistMs) {
      this.ctx.storage.kv.delete("relistMs");
      await this.#listAgain(nowMs);
    }
    await this.#tellAll(nowMs);
    const nextMs = this.ctx.storage.kv.get<number>("relistMs");
    if (nextMs !== undefined) await this.#wakeAt(nextMs);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const request = readRequest(message);
    if (typeof request === "string") {
      return say(socket, { type: "error", code: "malformed_message", message: request });
    }
    if (request.type === "subscribe") return await this.#subscribe(socket, request.subjects);
    const name = socketNamed(socket);
    removeSubscriptions(this.#sql, name, subjectNames(request.subjects));
    say(socket, { type: "unsubscribed", ...listed(request.subjects), unknown: [] });
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    await this.#leave(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#leave(socket);
  }

  async #subscribe(socket: WebSocket, wanted: Subjects): Promise<void> {
    const owner = this.#owner();
    const own = await ownSubjects(this.env.DB, owner, wanted);
    const name = socketNamed(socket);
    const names = subjectNames(own);
    if (countSubscriptions(this.#sql, name) + names.length > LIMITS.maxFeedSubscriptions) {
      const text = `One connection has at most ${LIMITS.maxFeedSubscriptions} subscriptions; use "all": true.`;
      return say(socket, { type: "error", code: "too_many_subscriptions", message: text });
    }
    addSubscriptions(this.#sql, name, names);
    const nowMs = Date.now();
    await this.#beFollowed(owner, nowMs);
    const known = new Set(idsOf(own));
    const unknown = idsOf(wanted).filter((id) => !known.has(id));
    say(socket, { type: "subscribed", ...listed(own), unknown });
    const standing = await this.#follow(await jobsOf(this.env.DB, owner, own, MAX_JOBS), owner, false);
    say(socket, { type: "snapshot", events: await this.#eventsOf(standing) });
  }

  /** From here on jobs that are accepted tell of themselves; those accepted just now are looked for once more. */
  async #beFollowed(owner: string, nowMs: number): Promise<void> {
    await markFollowed(this.env.DB, owner, nowMs);
    const relistMs = nowMs + FOLLOWED_KEPT_MS + TELL_EVERY_MS;
    this.ctx.storage.kv.put("relistMs", relistMs);
    await this.#wakeAt(relistMs);
  }

  async #listAgain(nowMs: number): Promise<void> {
    const owner = this.#owner();
    const subjects = allSubjects(this.#sql);
    const named = (kind: string) =>
      subjects.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length));
    const found = await jobsOf(
      this.env.DB,
      owner,
      { jobs: [], media: named("media:"), batches: named("batch:"), all: subjects.includes("all") },
      MAX_JOBS,
    );
    const active = found.filter((job) => !hasEnded(job)).map((job) => job.jobId);
    const unheard = new Set(unheardOf(this.#sql, active));
    await this.#follow(
      found.filter((job) => unheard.has(job.jobId)),
      owner,
      true,
    );
    this.#toldAtMs = Math.min(this.#toldAtMs, nowMs - TELL_EVERY_MS);
  }

  /** Has the channels of jobs that run tell this feed, and gives what they know by now. */
  async #follow(found: readonly JobAtRest[], owner: string, untold: boolean): Promise<JobAtRest[]> {
    const standing: JobAtRest[] = [];
    for (let at = 0; at < found.length; at += ASKED_AT_ONCE) {
      const asked = found.slice(at, at + ASKED_AT_ONCE);
      standing.push(...(await Promise.all(asked.map((job) => this.#ask(job, owner, untold)))));
    }
    return standing;
  }

  /** A channel that knows nothing, or cannot be reached, leaves the job as D1 has it. */
  async #ask(job: JobAtRest, owner: string, untold: boolean): Promise<JobAtRest> {
    if (hasEnded(job)) return job;
    try {
      const channel = this.env.JOB_PROGRESS.getByName(job.jobId);
      const entry = await channel.follow({ owner, mediaId: job.mediaId, batchId: job.batchId });
      // It tells of itself from here on, also where nobody watched it so far.
      if (!entry) await channel.open();
      if (!entry) return job;
      putEntry(this.#sql, entry, untold, Date.now());
      return entry;
    } catch (error) {
      log("warn", "feed", "channel_unreachable", { job_id: job.jobId, detail: String(error) });
      return job;
    }
  }

  async #tellAll(nowMs: number): Promise<void> {
    const untold = untoldEntries(this.#sql);
    if (untold.length === 0) return;
    this.#toldAtMs = nowMs;
    const looked = untold.filter((entry) => entry.isNew && entry.thumbnailUrl === null);
    const found = await this.#thumbnails(looked.map((entry) => entry.jobId));
    const entries = untold.map((entry) => ({
      ...entry,
      thumbnailUrl: entry.thumbnailUrl ?? found.get(entry.jobId) ?? null,
    }));
    const bySocket = new Map<string, typeof entries>();
    for (const entry of entries) {
      for (const name of listenersOf(this.#sql, namesOf(entry))) {
        bySocket.set(name, [...(bySocket.get(name) ?? []), entry]);
      }
    }
    for (const [name, own] of bySocket) {
      for (const socket of this.ctx.getWebSockets(name)) {
        say(socket, { type: "events", events: own.map((entry) => eventOf(entry, entry.thumbnailUrl)) });
      }
    }
    markTold(this.#sql, entries, nowMs);
  }

  async #eventsOf(standing: readonly JobAtRest[]) {
    const found = await this.#thumbnails(standing.map((job) => job.jobId));
    return standing.map((job) => eventOf(job, found.get(job.jobId) ?? null));
  }

  async #thumbnails(jobIds: readonly string[]): Promise<Map<string, string>> {
    const { publicOrigin } = configOf(this.env);
    const paths = await readThumbnails(this.env.DB, jobIds);
    return new Map([...paths].map(([jobId, path]) => [jobId, publicOrigin + path]));
  }

  async #leave(socket: WebSocket): Promise<void> {
    removeSocket(this.#sql, socketNamed(socket));
    closeFeedSocket(socket);
    const left = this.ctx.getWebSockets().filter((each) => each !== socket);
    if (left.every((each) => each.readyState !== WebSocket.OPEN)) await this.#forget();
  }

  /** Nobody listens: jobs that begin from now on need not know of this feed. */
  async #forget(): Promise<void> {
    const owner = this.#owner();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    openSubscriptions(this.#sql);
    openEntries(this.#sql);
    await markUnfollowed(this.env.DB, owner);
    // Somebody may have come in the meantime.
    if (allSubjects(this.#sql).length > 0) await markFollowed(this.env.DB, owner, Date.now());
  }

  async #wakeAt(atMs: number): Promise<void> {
    const setMs = await this.ctx.storage.getAlarm();
    if (setMs === null || atMs < setMs) await this.ctx.storage.setAlarm(atMs);
  }

  #owner(): string {
    return this.ctx.storage.kv.get<string>("owner") ?? "";
  }
}

function eventOf({ jobId, mediaId, status, progress }: JobAtRest, thumbnailUrl: string | null) {
  const data = { job_id: jobId, status, progress, thumbnail_url: thumbnailUrl };
  return { event: `progress:${mediaId}` as const, data };
}

function listed({ jobs, media, batches, all }: Subjects) {
  return { jobs: [...jobs], media: [...media], batches: [...batches], all };
}

function idsOf({ jobs, media, batches }: Subjects): string[] {
  return [...jobs, ...media, ...batches];
}

function hasEnded({ status }: JobAtRest): boolean {
  return status !== "pending" && status !== "processing";
}
