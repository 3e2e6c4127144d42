/** A few workers, a sweep and an owner who cancels and retries, all at one database; what each was answered is kept. */
import type { InferSelectModel } from "drizzle-orm";
import { newId } from "../../src/id.ts";
import type {
  AttemptRow,
  ClaimedTask,
  JobRow,
  Lease,
  OutputFailureRow,
  OutputRow,
  TaskDependencyRow,
  TaskRow,
} from "../../src/jobs/claimed-task.ts";
import { newTaskRow } from "../../src/jobs/new-task.ts";
import { decideRetry } from "../../src/jobs/retry-policy.ts";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { renewLease } from "../../src/jobs/store/renew-lease.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { findExpiredLeases, readLeased } from "../../src/jobs/store/sweep-queries.ts";
import type { deadLetters, jobRuns } from "../../src/schema.ts";
import { testEnv } from "../fixtures/app.ts";
import { claim, failure, finished, outputOf, START_MS, submit } from "../fixtures/jobs.ts";

export type Action =
  | { do: "submit"; shape: number; allowPartial?: boolean }
  | { do: "claim" | "finish" | "finish again" | "finish partly" | "renew"; worker: number }
  | { do: "fail"; worker: number; class: "transient" | "system" | "input" }
  | { do: "wait"; ms: number }
  | { do: "sweep" }
  | { do: "cancel" | "retry" | "overdue"; job: number };

export interface Rows {
  jobs: JobRow[];
  tasks: TaskRow[];
  attempts: AttemptRow[];
  outputs: OutputRow[];
  outputFailures: OutputFailureRow[];
  jobRuns: InferSelectModel<typeof jobRuns>[];
  deadLetters: InferSelectModel<typeof deadLetters>[];
  dependencies: TaskDependencyRow[];
}

/** What the store said to somebody, in the order in which it was said. */
export interface Answers {
  /** Finishes that were accepted, by lease token. */
  finished: Map<string, Lease>;
  /** How often a retry of a job was accepted. */
  retries: Map<string, number>;
}

const DB = testEnv.DB;
const KEEP_FIRST_TASKS = 3;

export function openWorld() {
  let nowMs = START_MS;
  const jobIds: string[] = [];
  const holding = new Map<number, ClaimedTask>();
  /** How many outputs an attempt made, by lease token: told twice, it is told the same. */
  const madeBy = new Map<string, number>();
  const answers: Answers = { finished: new Map(), retries: new Map() };

  async function finish({ lease, ...claimed }: ClaimedTask, most = Number.POSITIVE_INFINITY): Promise<void> {
    const { outputNames } = claimed.task;
    const made = madeBy.get(lease.token) ?? most;
    madeBy.set(lease.token, made);
    const outputs = outputNames.slice(0, made).map((name) => outputOf({ lease }, name));
    const failedOutputs = outputNames.slice(made).map((name) => ({ name, failure: failure("input") }));
    const newTasks = claimed.task.kind === "probe" ? [followUp(claimed.task)] : [];
    const { allowPartial } = claimed.job;
    const answer = await finishTask(
      DB,
      lease,
      finished(outputs, { newTasks, allowPartial, failedOutputs }),
      nowMs,
    );
    if (answer.accepted) answers.finished.set(lease.token, lease);
  }

  /** The id is the same whoever plans it: two workers may both have run the probe. */
  function followUp(probe: TaskRow): TaskRow {
    const owner = { jobId: probe.jobId, priority: "normal", jobCreatedAtMs: START_MS, nowMs } as const;
    const id = `${probe.id}_next`;
    return newTaskRow({ id, kind: "image", lane: "edge", outputNames: [`${id}.webp`], spec: {} }, owner);
  }

  async function fail(lease: Lease, failureClass: "transient" | "system" | "input"): Promise<void> {
    const leased = await readLeased(DB, lease.taskId, lease.token);
    const history = leased?.task ?? { countedFailures: 0, systemFailures: 0 };
    const decision = decideRetry(failureClass, history, "normal", 0.5);
    await failTask(DB, lease, failure(failureClass), decision, nowMs);
  }

  async function sweep(): Promise<void> {
    for (const task of await findExpiredLeases(DB, nowMs, 100)) {
      const leased = await readLeased(DB, task.id, task.leaseToken ?? "");
      if (leased) await fail(leased.lease, "system");
    }
  }

  async function step(action: Action): Promise<void> {
    const held = "worker" in action ? holding.get(action.worker) : undefined;
    switch (action.do) {
      case "submit":
        if (jobIds.length < KEEP_FIRST_TASKS)
          jobIds.push(
            (await submit({ tasks: tasksOf(action.shape), allowPartial: action.allowPartial })).job.id,
          );
        return;
      case "claim": {
        const { claimed } = await claim(nowMs, "edge", `worker-${action.worker}`);
        // Forgets what it ran before, as a worker does that crashed.
        if (claimed) holding.set(action.worker, claimed);
        return;
      }
      case "finish":
        if (held) await finish(held);
        return;
      case "finish partly":
        if (held) await finish(held, held.job.allowPartial ? 1 : undefined);
        return;
      case "finish again":
        if (held) await Promise.all([finish(held), finish(held)]);
        return;
      case "fail":
        if (held) await fail(held.lease, action.class);
        return;
      case "renew":
        if (held) await renewLease(DB, held.lease, nowMs);
        return;
      case "wait":
        nowMs += action.ms;
        return;
      case "sweep":
        return await sweep();
      case "cancel":
      case "overdue":
      case "retry": {
        const jobId = jobIds[action.job];
        if (jobId !== undefined) await interfere(jobId, action.do);
      }
    }
  }

  async function interfere(jobId: string, how: "cancel" | "overdue" | "retry"): Promise<void> {
    if (how === "retry") {
      const { retried } = await retryJob(DB, jobId, nowMs);
      if (retried) answers.retries.set(jobId, (answers.retries.get(jobId) ?? 0) + 1);
      return;
    }
    const reason = how === "overdue" ? failure("codec") : undefined;
    const pending = await endJob(DB, jobId, "pending", nowMs, reason);
    if (!pending.ended) await endJob(DB, jobId, "processing", nowMs, reason);
  }

  /** Every worker is lost; one that works begins after them. */
  async function workToTheEnd(): Promise<void> {
    holding.clear();
    for (;;) {
      nowMs += 600_000;
      await sweep();
      const { claimed, ...nothing } = await claim(nowMs, "edge", "worker-last");
      if (claimed) await finish(claimed);
      // What was only now taken back may have to wait a moment.
      else if ("nextAtMs" in nothing && nothing.nextAtMs === undefined) return;
    }
  }

  return { step, workToTheEnd, answers };
}

/**
 * One task of two outputs; two tasks, of which one waits for the other; a probe that plans another; a stream of two chunks that are packaged,
 * beside a file of its own.
 */
function tasksOf(shape: number) {
  const named = (id = newId("task")) => ({ id, outputNames: [`${id}.webp`] });
  const first = named();
  if (shape === 0) return [{ ...first, outputNames: [`${first.id}.png`, `${first.id}.webp`] }];
  if (shape === 1) return [first, { ...named(), dependsOn: [first.id] }];
  if (shape === 2) return [{ id: first.id, kind: "probe" as const }];
  const chunks = [{ id: newId("task") }, { id: newId("task") }];
  return [first, ...chunks, { ...named(), dependsOn: chunks.map(({ id }) => id) }];
}
