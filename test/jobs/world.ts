/**
 * Workers, a queue that loses and repeats its tickets, watchdogs, a sweep and an owner who changes their mind, all at
 * one database. Time is a number; everybody acts on what they were told, however long ago.
 */
import { type FailureClass, MediaError } from "../../src/errors.ts";
import { newId } from "../../src/id.ts";
import type { ClaimedTask, Lease, TaskRow } from "../../src/jobs/claimed-task.ts";
import { newTaskRow } from "../../src/jobs/new-task.ts";
import { decideRetry } from "../../src/jobs/retry-policy.ts";
import { claimTask } from "../../src/jobs/store/claim-task.ts";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { renewLease } from "../../src/jobs/store/renew-lease.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import {
  countReadyTasks,
  findExpiredLeases,
  findOverdueJobs,
  readLeased,
} from "../../src/jobs/store/sweep-queries.ts";
import type { Priority } from "../../src/schema/jobs.ts";
import { failure, finished, outputOf, START_MS, submit } from "../fixtures/jobs.ts";

export type Action =
  | { do: "submit"; shape: Shape; priority: Priority; allowPartial: boolean }
  | {
      do: "claim" | "finish" | "finish twice" | "finish partly" | "renew" | "heartbeat" | "crash";
      worker: number;
    }
  | { do: "fail"; worker: number; class: FailureClass }
  | { do: "wait"; ms: number }
  | { do: "lose tickets" | "repeat tickets" | "sweep" | "alarm" }
  | { do: "cancel" | "retry"; job: number };

/** What the tasks of a job are to each other. */
export const SHAPES = ["one", "pair", "chain", "fan", "stream", "planned"] as const;
export type Shape = (typeof SHAPES)[number];

/** What the store said to somebody. */
export interface Answers {
  /** Finishes that were accepted, by lease token. */
  finished: Map<string, Lease>;
  /** How often a retry of a job was accepted. */
  retries: Map<string, number>;
}

export interface World {
  answers: Answers;
  step(action: Action): Promise<void>;
  /** Every worker, watchdog and ticket is lost. From then on a sweep each minute, and a worker that does its part. */
  calmDown(): Promise<void>;
}

const MAX_JOBS = 2;
const SWEEP_EVERY_MS = 60_000;
const HEARTBEAT_TIMEOUT_MS = 20_000;
/** Longer than all that a task may be tried, and far shorter than the deadline that would end its job anyhow. */
const CALM_MINUTES = 30;

/** @param stubborn class with which tasks of the first job fail whenever they are run in calm times. */
export function openWorld(d1: D1Database, stubborn?: FailureClass): World {
  let nowMs = START_MS;
  /** When each ticket is delivered. */
  let tickets: number[] = [];
  const jobIds: string[] = [];
  const holding = new Map<number, ClaimedTask>();
  /** What an attempt makes, by lease token: told twice, it is told the same. */
  const madeBy = new Map<string, { missing: string[]; made: number }>();
  const watched = new Map<string, { lease: Lease; dueMs: number }>();
  const answers: Answers = { finished: new Map(), retries: new Map() };

  const send = (count: number, delayMs = 0) => {
    for (let n = 0; n < count; n++) tickets.push(nowMs + delayMs);
  };

  async function submitJob(shape: Shape, priority: Priority, allowPartial: boolean): Promise<void> {
    if (jobIds.length === MAX_JOBS) return;
    const tasks = tasksOf(shape);
    const webhookUrl = "https://receiver.example/";
    const { job } = await submit({ tasks, priority, allowPartial, createdAtMs: nowMs, webhookUrl }, d1);
    jobIds.push(job.id);
    send(tasks.filter((task) => !("dependsOn" in task)).length);
  }

  async function spendTicket(workerId: string): Promise<ClaimedTask | undefined> {
    const spent = tickets.findIndex((dueMs) => dueMs <= nowMs);
    if (spent >= 0) tickets.splice(spent, 1);
    const claim = await claimTask(d1, { lane: "edge", workerId, token: crypto.randomUUID(), nowMs });
    if (claim.claimed) watched.set(claim.claimed.lease.taskId, { lease: claim.claimed.lease, dueMs: soon() });
    else if (claim.nextAtMs !== undefined) send(1, Math.max(0, claim.nextAtMs - nowMs));
    return claim.claimed;
  }

  const soon = () => nowMs + HEARTBEAT_TIMEOUT_MS;

  /** Makes what is missing of the task's outputs, or the first of them and no other. */
  async function finish({ lease, task, job }: ClaimedTask, most = Number.POSITIVE_INFINITY): Promise<void> {
    const missing = madeBy.get(lease.token)?.missing ?? (await missingOf(task, job.run));
    const made = madeBy.get(lease.token)?.made ?? most;
    madeBy.set(lease.token, { missing, made });
    const outputs = missing.slice(0, made).map((name) => outputOf({ lease }, name));
    const failedOutputs = missing.slice(made).map((name) => ({ name, failure: failure("input") }));
    const newTasks = task.kind === "probe" ? [followUp(task)] : [];
    const { allowPartial } = job;
    const done = finished(outputs, { newTasks, allowPartial, failedOutputs });
    const answer = await finishTask(d1, lease, done, nowMs);
    if (!answer.accepted) return;
    answers.finished.set(lease.token, lease);
    send(answer.readyLanes.length);
  }

  async function missingOf(task: TaskRow, run: number): Promise<string[]> {
    if (run === 1) return task.outputNames;
    const read = d1.prepare("SELECT name FROM outputs WHERE task_id = ?").bind(task.id);
    const there = new Set((await read.all<{ name: string }>()).results.map(({ name }) => name));
    return task.outputNames.filter((name) => !there.has(name));
  }

  /** The id is the same whoever plans it: two workers may both have run the probe. */
  function followUp(probe: TaskRow): TaskRow {
    const owner = { jobId: probe.jobId, priority: "normal", jobCreatedAtMs: probe.createdAt, nowMs } as const;
    const id = `${probe.id}_next`;
    return newTaskRow({ id, kind: "image", lane: "edge", outputNames: [`${id}.webp`], spec: {} }, owner);
  }

  /** As a worker does that knows its history from the claim, or as whoever takes a task back that just looked. */
  async function fail(lease: Lease, task: TaskRow, failureClass: FailureClass): Promise<void> {
    const decision = decideRetry(failureClass, task, "normal", 0.5);
    const outcome = await failTask(d1, lease, failure(failureClass), decision, nowMs);
    if (outcome.applied === "retry") send(1, outcome.delayMs);
  }

  async function takeBack(taskId: string, token: string): Promise<void> {
    const leased = await readLeased(d1, taskId, token);
    if (leased) await fail(leased.lease, leased.task, "system");
  }

  async function sweep(): Promise<void> {
    for (const { ready } of await countReadyTasks(d1, nowMs)) send(ready);
    for (const task of await findExpiredLeases(d1, nowMs, 100))
      await takeBack(task.id, task.leaseToken ?? "");
    for (const { id, status } of await findOverdueJobs(d1, nowMs, 100)) {
      if (status === "pending" || status === "processing")
        await endJob(d1, id, status, nowMs, failure("codec"));
    }
  }

  async function ringAlarms(): Promise<void> {
    for (const [taskId, { lease, dueMs }] of watched) {
      if (dueMs > nowMs) continue;
      watched.delete(taskId);
      await takeBack(taskId, lease.token);
    }
  }

  async function cancel(jobId: string | undefined): Promise<void> {
    if (jobId === undefined) return;
    const pending = await endJob(d1, jobId, "pending", nowMs);
    if (!pending.ended) await endJob(d1, jobId, "processing", nowMs);
  }

  async function retry(jobId: string | undefined): Promise<void> {
    if (jobId === undefined) return;
    const answer = await retryJob(d1, jobId, nowMs);
    if (!answer.retried) return;
    answers.retries.set(jobId, (answers.retries.get(jobId) ?? 0) + 1);
    send(answer.readyLanes.length);
  }

  async function work(worker: number, act: (held: ClaimedTask) => Promise<unknown>): Promise<void> {
    const held = holding.get(worker);
    if (held) await act(held);
  }

  async function step(action: Action): Promise<void> {
    switch (action.do) {
      case "submit":
        return await submitJob(action.shape, action.priority, action.allowPartial);
      case "claim": {
        // Forgets what it ran before, as a worker does that crashed.
        const claimed = await spendTicket(`worker-${action.worker}`);
        if (claimed) holding.set(action.worker, claimed);
        return;
      }
      case "finish":
        return await work(action.worker, (held) => finish(held));
      case "finish partly":
        return await work(action.worker, (held) => finish(held, held.job.allowPartial ? 1 : undefined));
      case "finish twice":
        return await work(action.worker, (held) => Promise.all([finish(held), finish(held)]));
      case "fail":
        return await work(action.worker, ({ lease, task }) => fail(lease, task, action.class));
      case "renew":
        return await work(action.worker, ({ lease }) => renewLease(d1, lease, nowMs));
      case "heartbeat":
        return await work(action.worker, async ({ lease }) => {
          const seen = watched.get(lease.taskId);
          if (seen?.lease.token === lease.token) seen.dueMs = soon();
        });
      case "crash":
        holding.delete(action.worker);
        return;
      case "wait":
        nowMs += action.ms;
        return;
      case "lose tickets":
        tickets = [];
        return;
      case "repeat tickets":
        tickets = tickets.concat(tickets);
        return;
      case "sweep":
        return await sweep();
      case "alarm":
        return await ringAlarms();
      case "cancel":
        return await cancel(jobIds[action.job]);
      case "retry":
        return await retry(jobIds[action.job]);
    }
  }

  async function calmDown(): Promise<void> {
    holding.clear();
    watched.clear();
    tickets = [];
    for (let minute = 0; minute < CALM_MINUTES; minute++) {
      nowMs += SWEEP_EVERY_MS;
      await sweep();
      while (tickets.some((dueMs) => dueMs <= nowMs)) {
        const claimed = await spendTicket("worker-last");
        if (claimed && stubborn && claimed.job.id === jobIds[0])
          await fail(claimed.lease, claimed.task, stubborn);
        else if (claimed) await finish(claimed);
      }
      if (tickets.length === 0 && (await isQuiet(d1))) return;
    }
    throw new MediaError("internal", "Work was left when nothing happened any more.");
  }

  return { answers, step, calmDown };
}

/** Nothing waits and nothing runs. */
async function isQuiet(d1: D1Database): Promise<boolean> {
  const left = "SELECT count(*) AS n FROM tasks WHERE state IN ('ready', 'leased', 'blocked')";
  return (await d1.prepare(left).first<number>("n")) === 0;
}

function tasksOf(shape: Shape) {
  const [one, two, three] = [named(), named(), named()];
  switch (shape) {
    case "one":
      return [one];
    case "pair":
      return [{ ...one, outputNames: [...one.outputNames, `${one.id}.png`] }];
    case "chain":
      return [one, { ...two, dependsOn: [one.id] }, { ...three, dependsOn: [two.id] }];
    case "fan":
      return [one, two, { ...three, dependsOn: [one.id, two.id] }];
    case "stream": {
      // Chunks make no output themselves: their package does, beside a file of its own.
      const chunks = [{ id: newId("task") }, { id: newId("task") }];
      return [one, ...chunks, { ...two, dependsOn: chunks.map(({ id }) => id) }];
    }
    case "planned":
      return [{ id: one.id, kind: "probe" as const }];
  }
}

function named() {
  const id = newId("task");
  return { id, outputNames: [`${id}.webp`] };
}
