import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createDarkroomClient, type DarkroomClient } from "../../../src/client/client.ts";
import { DarkroomProblem } from "../../../src/client/problem.ts";
import type { Job } from "../../../src/client/resources.ts";
import { tailOfLogs } from "../dev-server.ts";
import { type Evidence, lastDoneMs, readEvidence } from "./evidence.ts";
import { type FragileStack, type Loss, startFragileStack } from "./fragile-stack.ts";
import { type ChaosInput, makeInputs } from "./inputs.ts";
import { openFlappingReceiver, type ProgressTold } from "./receiver.ts";
import { problemsOf } from "./verify-outputs.ts";

export interface StormOptions {
  jobs: number;
  /** Losses in all; after them the storm is over, and everything must come to its end. */
  losses: number;
  /** How many of them are kills of the worker's whole process; the others are of the transcoder. */
  workerKills: number;
  /** Pause between two losses. */
  everyMs: number;
  say?: (line: string) => void;
}

/** What became of one file. */
export interface Fate {
  input: ChaosInput;
  /** Code of the refusal, when it was refused. */
  refusedWith?: string;
  jobId?: string;
  job?: Job;
}

export interface StormReport {
  fates: Fate[];
  losses: Loss[];
  /** Outputs that could not be decoded as promised, one sentence each. */
  undecodable: string[];
  /** Ids of the events that told of each job's end. */
  ends: Map<string, Set<string>>;
  refusedDeliveries: number;
  /** Of each job, how far it was as the endpoint was told, in any order. */
  progress: Map<string, ProgressTold[]>;
  /** What was on disk when all was over. */
  evidence: Evidence;
  seconds: number;
  logs: string;
}

/** Percentage points: small, so that short jobs pass some. */
export const PROGRESS_STEP = 5;
const AT_ONCE = 6;
const LOOK_EVERY_MS = 1_000;
/** Longer than the pause between two tries of the last retries, and the sweep's own pause. */
const PATIENCE_MS = 240_000;

/**
 * Runs jobs through an instance while its parts are killed, its queues lose and repeat messages, its storage refuses
 * to write and the client's endpoint comes and goes; then waits until every job has ended, was told and was swept.
 */
export async function weatherStorm(options: StormOptions): Promise<StormReport> {
  const startedAtMs = Date.now();
  const stateDir = mkdtempSync(join(tmpdir(), "darkroom-chaos-"));
  const inputs = await makeInputs(options.jobs);
  const receiver = await openFlappingReceiver();
  const stack = await startFragileStack(stateDir);
  try {
    const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
    await stack.persist(() => registerWebhook(stack, receiver.url));
    const over = new AbortController();
    const storm = rage(stack, options, over.signal);
    const fates = await submitAll(stack, client, inputs);
    options.say?.(`submitted ${fates.filter(({ jobId }) => jobId).length} of ${fates.length}`);
    await endOfAll(stack, client, fates, options);
    over.abort();
    await storm;
    receiver.settle();
    const undecodable = await verifyAll(stack, client, fates);
    options.say?.("waiting for the sweep and the webhooks");
    const isTold = () => fates.every(({ jobId }) => !jobId || receiver.ends.has(jobId));
    await sweepUntil(stack, isTold);
    await stack.stop();
    const seconds = (Date.now() - startedAtMs) / 1000;
    return {
      fates,
      losses: stack.losses,
      undecodable,
      ends: receiver.ends,
      refusedDeliveries: receiver.refused(),
      progress: receiver.progress,
      evidence: readEvidence(stateDir),
      seconds,
      logs: tailOfLogs(stateDir),
    };
  } finally {
    receiver.close();
    await stack.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function registerWebhook({ url, key }: FragileStack, receiverUrl: string): Promise<void> {
  const events = ["job.progress", "job.retry", "job.completed", "job.failed", "job.cancelled"];
  const response = await fetch(`${url}/v1/webhooks`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ url: receiverUrl, events, progress_threshold: PROGRESS_STEP }),
  });
  if (!response.ok) throw new Error(`The webhook was not registered: ${await response.text()}`);
}

/**
 * One loss after the other until it is over, or there were enough: mostly of the transcoder, now and then of everything
 * else. Whoever pulls plugs waits until something works again: a part that never gets to work would only be found dead
 * once more, and ten such losses in a row rightly end a task.
 */
async function rage(stack: FragileStack, options: StormOptions, over: AbortSignal): Promise<void> {
  for (let turn = 1; !over.aborted && stack.losses.length < options.losses; turn++) {
    await wait(options.everyMs * (0.6 + 0.8 * Math.random()), undefined, { signal: over }).catch(
      () => undefined,
    );
    await untilSomethingIsDone(stack, over);
    if (over.aborted) return;
    const workerLosses = stack.losses.filter((loss) => loss.of === "worker").length;
    if (turn % 3 === 0 && workerLosses < options.workerKills) await stack.killWorker();
    else stack.killTranscoder();
    const loss = stack.losses.at(-1);
    options.say?.(`${loss?.of} killed, back after ${(loss?.backAtMs ?? 0) - (loss?.atMs ?? 0)} ms`);
  }
}

/** Until a task has been done since the last loss; after a while without any it is time to go on all the same. */
async function untilSomethingIsDone(stack: FragileStack, over: AbortSignal): Promise<void> {
  const last = stack.losses.at(-1);
  if (!last) return;
  for (const giveUpAtMs = Date.now() + 20_000; !over.aborted && Date.now() < giveUpAtMs; ) {
    if (lastDoneMs(stack.stateDir) > last.backAtMs) return;
    await wait(LOOK_EVERY_MS / 2);
  }
}

async function submitAll(stack: FragileStack, client: DarkroomClient, inputs: ChaosInput[]): Promise<Fate[]> {
  const fates: Fate[] = [];
  const queue = inputs[Symbol.iterator]();
  const submitRest = async () => {
    for (const input of queue) fates.push(await submitOne(stack, client, input));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, submitRest));
  return fates;
}

async function submitOne(stack: FragileStack, client: DarkroomClient, input: ChaosInput): Promise<Fate> {
  const { filename, outputs } = input;
  const send = () => client.createJob({ file: new Blob([input.bytes]), filename, outputs });
  try {
    return { input, jobId: (await stack.persist(send)).job_id };
  } catch (error) {
    if (error instanceof DarkroomProblem) return { input, refusedWith: error.code };
    throw error;
  }
}

/** Looks at every job until it has ended; each is read once more when it has. */
async function endOfAll(
  stack: FragileStack,
  client: DarkroomClient,
  fates: Fate[],
  options: StormOptions,
): Promise<void> {
  const open = () => fates.filter(({ jobId, job }) => jobId && !job);
  for (const giveUpAtMs = Date.now() + PATIENCE_MS + options.jobs * 5_000; Date.now() < giveUpAtMs; ) {
    for (const fate of open()) {
      const job = await stack.persist(() => client.getJob(fate.jobId ?? ""));
      if (job.finished_at !== null) fate.job = job;
    }
    if (open().length === 0) return;
    options.say?.(`${open().length} jobs have not ended`);
    await wait(LOOK_EVERY_MS);
  }
}

async function verifyAll(stack: FragileStack, client: DarkroomClient, fates: Fate[]): Promise<string[]> {
  const problems: string[] = [];
  const queue = fates.values();
  const verifyRest = async () => {
    for (const { job } of queue)
      if (job) problems.push(...(await problemsOf(client, stack.url, stack.key, job)));
  };
  await Promise.all([verifyRest(), verifyRest()]);
  return problems;
}

/** Sweeps as the cron does, only faster, until all is told and a minute has passed in which the leftovers go. */
async function sweepUntil(stack: FragileStack, isTold: () => boolean): Promise<void> {
  const startedAtMs = Date.now();
  const cron = encodeURIComponent("* * * * *");
  for (;;) {
    await stack.persist(() => fetch(`${stack.url}/cdn-cgi/local/scheduled?cron=${cron}`));
    const passedMs = Date.now() - startedAtMs;
    if (passedMs > PATIENCE_MS || (isTold() && passedMs > SWEPT_WITHIN_MS)) return;
    await wait(LOOK_EVERY_MS);
  }
}

/** An attempt's files are left alone for 10 s after its end; then each sweep takes twenty. */
const SWEPT_WITHIN_MS = 25_000;
