import { type Env, LIMITS } from "../config.ts";
import { MediaError, toMediaError } from "../errors.ts";
import { codecMemoryBytes } from "../image/codecs/instance.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import type { AttemptUsage } from "../jobs/store/charge-attempt.ts";
import type { TaskKind } from "../schema/tasks.ts";
import { createReporter } from "./attempt-reporter.ts";
import { concludeDone, concludeFailed, type TaskOutcome } from "./conclude.ts";
import { runFetchTask } from "./fetch-task.ts";
import { type IsolateContext, runImageTask } from "./image-task.ts";
import { keepLease } from "./keep-lease.ts";
import { runPackageTask } from "./package-task.ts";
import { prepareMezzanine } from "./prepare-mezzanine.ts";
import { runShipTask } from "./ship-task.ts";

type Handler = (claimed: ClaimedTask, context: IsolateContext) => Promise<TaskOutcome>;

/** The tasks that run in the isolate itself; all others go to a slot. */
const HANDLERS: Partial<Record<TaskKind, Handler>> = {
  fetch: runFetchTask,
  image: runImageTask,
  watermark: runImageTask,
  package: runPackageTask,
  ship: runShipTask,
};

/** Runs a claimed task to its end in this isolate, under its lease. Never throws: the end is written to D1. */
export async function runInIsolate(env: Env, claimed: ClaimedTask): Promise<void> {
  const { lease, task } = claimed;
  const reporter = createReporter(env, claimed);
  let lost = false;
  const stopKeeping = keepLease(env, lease, {
    onLost: () => {
      lost = true;
    },
  });
  const heartbeat = setInterval(() => {
    void reporter.speakUp();
    reporter.heartbeat();
  }, LIMITS.heartbeatEveryMs);
  const moment = setTimeout(() => void reporter.speakUp(), LIMITS.quietMs);
  try {
    await reporter.started();
    const handler = HANDLERS[task.kind];
    if (!handler) throw new MediaError("internal", `${task.kind} does not run in an isolate.`);
    const outcome = await handler(claimed, {
      env,
      bucket: env.MEDIA,
      report: async (stage, fraction, details) => reporter.progress({ stage, fraction, details }),
      checkpoint() {
        if (lost) throw new MediaError("worker_lost", "The lease of this task was taken back.");
      },
    });
    const isJobDone = await concludeDone(env, claimed, outcome, usageOf(task.kind));
    if (isJobDone) await prepareMezzanine(env, claimed.media);
  } catch (error) {
    await reporter.speakUp();
    await concludeFailed(env, claimed, toMediaError(error), usageOf(task.kind));
  } finally {
    stopKeeping();
    clearInterval(heartbeat);
    clearTimeout(moment);
  }
}

/**
 * Images are made in the memory of the codecs, which never shrinks; what else the isolate holds nobody can tell. Nor can
 * it tell the processor time: the clocks of the runtime stand still while it computes, so nothing is counted for it.
 */
function usageOf(kind: TaskKind): AttemptUsage {
  return kind === "image" ? { peakMemoryBytes: codecMemoryBytes() } : {};
}
