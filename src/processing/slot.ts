import type { Env } from "../config.ts";
import { MediaError, toMediaError } from "../errors.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { log } from "../log.ts";
import type { SlotSize, TaskKind } from "../schema/tasks.ts";
import type { TranscoderHealth } from "../video/protocol.ts";
import { claimWork } from "./claim-work.ts";
import { concludeDone, concludeFailed } from "./conclude.ts";
import { outcomeOf, requestOf } from "./container-task.ts";
import { openWatch } from "./container-watch.ts";
import { type ContainerLane, SLOT_CAPACITY } from "./lane-capacity.ts";
import { prepareMezzanine } from "./prepare-mezzanine.ts";
import type { RenderAnswer, RenderOrder } from "./render-in-container.ts";
import { createSlotHealth, type SlotState } from "./slot-health.ts";
import { createPlaces, type Place } from "./slot-places.ts";
import { createRenderer } from "./slot-render.ts";
import { cancelAttempt, type FetchTranscoder, runAttempt } from "./transcoder-client.ts";

export type OfferAnswer =
  | { answer: "taken" }
  | { answer: "busy" }
  /** No task of the lane can run now; the earliest delayed one can at `nextAtMs`. */
  | { answer: "empty"; nextAtMs: number | undefined }
  /** The transcoder does not answer: nothing was claimed, offer again later. */
  | { answer: "unavailable" };

interface SlotContext {
  env: Env;
  /** Name of this slot, which is also its worker id. */
  name: string;
  size: SlotSize;
  fetchTranscoder: FetchTranscoder;
  /** Keeps the object alive until the work is done. */
  waitUntil(work: Promise<unknown>): void;
}

export interface Slot {
  offer(lane: ContainerLane): Promise<OfferAnswer>;
  /** Whether the transcoder answers and takes tasks; wakes it when it sleeps. */
  isReachable(): Promise<boolean>;
  /** What it does and what its container uses; that is asked for only when it is awake anyway, or with `deep`. */
  report(deep: boolean): Promise<SlotReport>;
  /** Makes one image beside the tasks, for somebody who waits. */
  render(order: RenderOrder): Promise<RenderAnswer>;
  /** Somebody waits for an image that nobody waited for. */
  hurry(objectKey: string): void;
  /** Stops an attempt that runs here; says whether it did, or had when its end could not be written down. */
  stop(taskId: string, attempt: number): boolean;
}

/** A slot as an operator sees it. */
export interface SlotReport {
  state: SlotState;
  tasks: { taskId: string; jobId: string; kind: TaskKind; attempt: number; startedAtMs: number }[];
  /** The latest that its transcoder said of itself, and when. */
  latest: { health: TranscoderHealth; atMs: number } | undefined;
}

/**
 * A slot takes tasks and runs them in its container, as many at a time as it has room for; when one ends it claims
 * the next by itself. The room is taken before the claim and the transcoder is asked first, so that no lease burns
 * while a task waits.
 */
export function createSlot(context: SlotContext): Slot {
  const { env, name, size } = context;
  const places = {
    "container-short": createPlaces(SLOT_CAPACITY[size]["container-short"]),
    "container-long": createPlaces(SLOT_CAPACITY[size]["container-long"]),
  };
  const attempts = new Map<string, { abort: AbortController; claimed: ClaimedTask; startedAtMs: number }>();
  /** Attempts that ended here and not in D1, until somebody asks for them. */
  const unwritten = new Set<string>();
  const transcoder = createSlotHealth(context.fetchTranscoder);
  const renderer = createRenderer(env, context.fetchTranscoder);
  const remindedAtMs = new Map<ContainerLane, number>();

  async function offer(lane: ContainerLane): Promise<OfferAnswer> {
    const place = places[lane].take();
    if (!place) return { answer: "busy" };
    let taken = false;
    try {
      if (!(await isReachable())) {
        await remind(lane);
        return { answer: "unavailable" };
      }
      const claim = await claimWork(env, { lane, workerId: name, slotSize: size });
      if (!claim.claimed) return { answer: "empty", nextAtMs: claim.nextAtMs };
      taken = true;
      context.waitUntil(runAndContinue(lane, place, claim.claimed));
      return { answer: "taken" };
    } finally {
      if (!taken && place.release()) context.waitUntil(goOn(lane));
    }
  }

  async function runAndContinue(lane: ContainerLane, place: Place, claimed: ClaimedTask): Promise<void> {
    try {
      await run(claimed);
    } catch (error) {
      // The end could not be written down: the lease runs out and the task is taken back.
      unwritten.add(attemptKey(claimed.lease.taskId, claimed.lease.attempt));
      log("error", "slot", "conclude_failed", { task_id: claimed.task.id, detail: String(error) });
    } finally {
      place.release();
    }
    await goOn(lane);
  }

  /** Takes the next task of a lane, or sees to it that somebody is told when there is one. */
  async function goOn(lane: ContainerLane): Promise<void> {
    try {
      const next = await offer(lane);
      if (next.answer !== "empty" || next.nextAtMs === undefined) return;
      await sendTickets(laneQueues(env), [lane], Math.max(0, next.nextAtMs - Date.now()));
    } catch (error) {
      log("error", "slot", "offer_failed", { slot: name, lane, detail: String(error) });
      await sendTickets(laneQueues(env), [lane], UNAVAILABLE_DELAY_MS);
    }
  }

  /** One ticket comes back to a lane whose transcoder does not answer, however many found that out. */
  async function remind(lane: ContainerLane): Promise<void> {
    const nowMs = Date.now();
    if (nowMs - (remindedAtMs.get(lane) ?? 0) < UNAVAILABLE_DELAY_MS) return;
    remindedAtMs.set(lane, nowMs);
    await sendTickets(laneQueues(env), [lane], UNAVAILABLE_DELAY_MS);
  }

  async function run(claimed: ClaimedTask): Promise<void> {
    const key = attemptKey(claimed.lease.taskId, claimed.lease.attempt);
    const abort = new AbortController();
    attempts.set(key, { abort, claimed, startedAtMs: Date.now() });
    const watch = openWatch(env, claimed, () => abort.abort());
    try {
      await watch.started();
      const request = await requestOf(env, name, claimed);
      const result = await runAttempt(context.fetchTranscoder, request, watch.hear, abort.signal);
      const outcome = await outcomeOf(env, claimed, result);
      const isJobDone = await concludeDone(env, claimed, outcome, watch.usage());
      if (isJobDone) await prepareMezzanine(env, claimed.media);
    } catch (error) {
      await concludeFailed(env, claimed, toMediaError(error), watch.usage());
    } finally {
      watch.close();
      attempts.delete(key);
    }
  }

  /** Also stops what an earlier life of this slot left running in the container. */
  async function isReachable(): Promise<boolean> {
    try {
      const health = await transcoder.ask();
      const own = health.running.filter((attemptId) => attemptId.startsWith(`${name}.`));
      const orphans = own.filter((attemptId) => !attempts.has(attemptId.slice(name.length + 1)));
      await Promise.all(orphans.map((attemptId) => cancelAttempt(context.fetchTranscoder, attemptId)));
      return health.state === "ready";
    } catch (error) {
      log("warn", "slot", "transcoder_unavailable", { slot: name, detail: String(error) });
      return false;
    }
  }

  async function report(deep: boolean): Promise<SlotReport> {
    if (deep || attempts.size > 0) await transcoder.ask().catch(() => undefined);
    const tasks = [...attempts.values()].map(({ claimed: { task }, startedAtMs }) => {
      const { id: taskId, jobId, kind, attempt } = task;
      return { taskId, jobId, kind, attempt, startedAtMs };
    });
    return { state: transcoder.state(attempts.size), tasks, latest: transcoder.latest() };
  }

  return {
    offer,
    isReachable,
    report,
    render: renderer.render,
    hurry: renderer.hurry,
    stop(taskId, attempt) {
      const key = attemptKey(taskId, attempt);
      const running = attempts.get(key);
      running?.abort.abort(new MediaError("cancelled", "The job was cancelled."));
      return unwritten.delete(key) || running !== undefined;
    },
  };
}

/** After the transcoder did not answer, the lane's ticket comes again this much later. */
const UNAVAILABLE_DELAY_MS = 2_000;

function attemptKey(taskId: string, attempt: number): string {
  return `${taskId}.${attempt}`;
}
