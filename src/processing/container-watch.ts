import { type Env, LIMITS } from "../config.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import { renewLease } from "../jobs/store/renew-lease.ts";
import type { ProgressEvent } from "../progress/event.ts";
import type { TaskEvent } from "../video/protocol.ts";
import { tell } from "./conclude.ts";

/** Follows one attempt in a container: passes on what it reports, and renews its lease while it is alive. */
export interface ContainerWatch {
  started(): Promise<void>;
  hear(event: TaskEvent): Promise<void>;
  close(): void;
}

/**
 * The lease is renewed only while the container is heard from: an attempt that hangs without a heartbeat loses it
 * by itself.
 *
 * @param onLost called once when the lease was taken back: nothing that the attempt does counts any more.
 */
export function openWatch(env: Env, { lease, job, task }: ClaimedTask, onLost: () => void): ContainerWatch {
  const attempt = { taskId: lease.taskId, attempt: lease.attempt };
  let sequence = 0;
  let heardAtMs = Date.now();
  const renewal = setInterval(async () => {
    if (Date.now() - heardAtMs > LIMITS.heartbeatTimeoutMs) return;
    const held = await renewLease(env.DB, lease, Date.now()).catch(() => true);
    if (!held) onLost();
  }, LIMITS.renewEveryMs);
  return {
    started: () =>
      tell(env, job.id, [
        {
          type: "task_started",
          ...attempt,
          leaseToken: lease.token,
          workerId: lease.workerId,
          atMs: Date.now(),
        },
      ]),
    async hear(event) {
      heardAtMs = Date.now();
      if (event.type === "heartbeat")
        await tell(env, job.id, [{ type: "heartbeat", ...attempt, atMs: heardAtMs }]);
      if (event.type === "progress") {
        // An image that a container makes is resizing for nearly all of its time.
        const stage = task.kind === "image" ? "resize_operations" : undefined;
        const details = { current_operation: event.operation, fps: event.fps, speed: event.speed };
        const progress: ProgressEvent = {
          type: "task_progress",
          ...attempt,
          sequence: ++sequence,
          stage,
          fraction: event.fraction,
          details,
          atMs: heardAtMs,
        };
        await tell(env, job.id, [progress]);
      }
    },
    close: () => clearInterval(renewal),
  };
}
