import type { Env } from "../config.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import type { ResourceUsage, StageDetails } from "../progress/event.ts";
import type { StageName } from "../progress/stages.ts";
import { tell } from "./conclude.ts";

/** What an attempt says of itself, wherever it runs. */
export interface AttemptReporter {
  started(): Promise<void>;
  /** The attempt is alive, and this is what it uses where that is known. */
  heartbeat(usage?: ResourceUsage): Promise<void>;
  /** `fraction` 0–1 of the task, or of the stage when one is named. */
  progress(report: { stage?: StageName; fraction: number; details?: StageDetails }): Promise<void>;
}

/** Reports one attempt to its job's channel, each report with the next sequence number. */
export function createReporter(env: Env, { lease, job }: ClaimedTask): AttemptReporter {
  const attempt = { taskId: lease.taskId, attempt: lease.attempt };
  let sequence = 0;
  return {
    async started() {
      const { token: leaseToken, workerId } = lease;
      await tell(env, job.id, [{ type: "task_started", ...attempt, leaseToken, workerId, atMs: Date.now() }]);
    },
    async heartbeat(usage) {
      await tell(env, job.id, [{ type: "heartbeat", ...attempt, usage, atMs: Date.now() }]);
    },
    async progress(report) {
      sequence++;
      await tell(env, job.id, [{ type: "task_progress", ...attempt, sequence, ...report, atMs: Date.now() }]);
    },
  };
}
