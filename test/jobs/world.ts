/** A few workers, a sweep and an owner who cancels, all at one database; what each was answered is kept. */
import { newId } from "../../src/id.ts";
import type {
  AttemptRow,
  ClaimedTask,
  JobRow,
  Lease,
  OutputRow,
  TaskRow,
} from "../../src/jobs/claimed-task.ts";
import { newTaskRow } from "../../src/jobs/new-task.ts";
import { decideRetry } from "../../src/jobs/retry-policy.ts";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { renewLease } from "../../src/jobs/store/renew-lease.ts";
import { findExpiredLeases, readLeased } from "../../src/jobs/store/sweep-queries.ts";
import { testEnv } from "../fixtures/app.ts";
import { claim, failure, finished, outputOf, START_MS, submit } from "../fixtures/jobs.ts";

export type Action =
  | { do: "submit"; shape: number }
  | { do: "claim" | "finish" | "finish again" | "renew"; worker: number }
  | { do: "fail"; worker: number; class: "transient" | "system" | "input" }
  | { do: "wait"; ms: number }
  | { do: "sweep" }
  | { do: "cancel"; job: number };

export interface Rows {
  jobs: JobRow[];
  tasks: TaskRow[];
  attempts: AttemptRow[];
  outputs: OutputRow[];
}

/** What the store said to somebody, in the order in which it was said. */
export interface Answers {
  /** Finishes that were accepted, by lease token. */
  finished: Map<string, Lease>;
}

const DB = testEnv.DB;
const KEEP_FIRST_TASKS = 3;

export function openWorld() {
  let nowMs = START_MS;
  const jobIds: string[] = [];
  const holding = new Map<number, ClaimedTask>();
  const answers: Answers = { finished: new Map() };

  async function finish({ lease, ...claimed }: ClaimedTask): Promise<void> {
    const outputs = [outputOf({ lease }, `${lease.taskId}.webp`)];
    const newTasks = claimed.task.kind === "probe" ? [followUp(claimed.task)] : [];
    const answer = await finishTask(DB, lease, finished(outputs, { newTasks }), nowMs);
    if (answer.accepted) answers.finished.set(lease.token, lease);
  }

  /** The id is the same whoever plans it: two workers may both have run the probe. */
  function followUp(probe: TaskRow): TaskRow {
    const owner = { jobId: probe.jobId, priority: "normal", jobCreatedAtMs: START_MS, nowMs } as const;
    return newTaskRow({ id: `${probe.id}_next`, kind: "image", lane: "edge", spec: {} }, owner);
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
          jobIds.push((await submit({ tasks: tasksOf(action.shape) })).job.id);
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
      case "cancel": {
        const jobId = jobIds[action.job];
        if (jobId === undefined) return;
        const pending = await endJob(DB, jobId, "pending", nowMs);
        if (!pending.ended) await endJob(DB, jobId, "processing", nowMs);
      }
    }
  }

  /** Every worker is lost; one that works begins after them. */
  async function workToTheEnd(): Promise<void> {
    holding.clear();
    for (;;) {
      nowMs += 600_000;
      await sweep();
      const { claimed } = await claim(nowMs, "edge", "worker-last");
      if (!claimed) return;
      await finish(claimed);
    }
  }

  return { step, workToTheEnd, answers };
}

/** One task; two, of which one waits for the other; a probe that plans another. */
function tasksOf(shape: number) {
  const id = newId("task");
  if (shape === 0) return [{ id }];
  if (shape === 1) return [{ id }, { dependsOn: [id] }];
  return [{ id, kind: "probe" as const }];
}
