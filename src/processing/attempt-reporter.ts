import type { Env } from "../config.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import { log } from "../log.ts";
import type { ProgressEvent, ResourceUsage, StageDetails } from "../progress/event.ts";
import type { StageName } from "../progress/stages.ts";
import { tell } from "./conclude.ts";

/** What an attempt says of itself, wherever it runs. */
export interface AttemptReporter {
  started(): Promise<void>;
  /** The attempt is alive, and this is what it uses where that is known. */
  heartbeat(usage?: ResourceUsage): void;
  /** `fraction` 0–1 of the task, or of the stage when one is named. */
  progress(report: { stage?: StageName; fraction: number; details?: StageDetails }): void;
  /** Gives the job its channel if it has none: this attempt lasts, or ends as nobody wished. Never throws. */
  speakUp(): Promise<void>;
}

type Report = Extract<ProgressEvent, { type: "heartbeat" | "task_progress" }>;

/**
 * Reports one attempt to its job's channel, each report with the next sequence number. The work never waits for the
 * channel: one report is under way at a time, and of those that come meanwhile the latest of each kind is sent next.
 * While a job has no channel the latest is kept, until somebody has asked for it or it has to speak up.
 */
export function createReporter(env: Env, { lease, job }: ClaimedTask): AttemptReporter {
  const attempt = { taskId: lease.taskId, attempt: lease.attempt };
  const waiting = new Map<Report["type"], Report>();
  let sequence = 0;
  let isSending = false;
  let isHeard = job.hasChannel;

  function report(event: Report): void {
    waiting.set(event.type, event);
    if (isHeard && !isSending) void send();
  }

  async function send(): Promise<void> {
    isSending = true;
    while (waiting.size > 0) {
      const events = [...waiting.values()];
      waiting.clear();
      await tell(env, job.id, events);
    }
    isSending = false;
  }

  return {
    async started() {
      if (!isHeard) return;
      const { token: leaseToken, workerId } = lease;
      await tell(env, job.id, [{ type: "task_started", ...attempt, leaseToken, workerId, atMs: Date.now() }]);
    },
    async speakUp() {
      if (isHeard) return;
      try {
        await env.JOB_PROGRESS.getByName(job.id).open();
        isHeard = true;
        if (!isSending) await send();
      } catch (error) {
        log("warn", "progress", "channel_not_opened", { job_id: job.id, detail: String(error) });
      }
    },
    heartbeat(usage) {
      report({ type: "heartbeat", ...attempt, usage, atMs: Date.now() });
    },
    progress(of) {
      sequence++;
      report({ type: "task_progress", ...attempt, sequence, ...of, atMs: Date.now() });
    },
  };
}
