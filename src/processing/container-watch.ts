import { type Env, LIMITS } from "../config.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import { renewLease } from "../jobs/store/renew-lease.ts";
import type { TaskEvent } from "../video/protocol.ts";
import { createReporter } from "./attempt-reporter.ts";

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
export function openWatch(env: Env, claimed: ClaimedTask, onLost: () => void): ContainerWatch {
  const reporter = createReporter(env, claimed);
  // An image that a container makes is resizing for nearly all of its time.
  const stage = claimed.task.kind === "image" ? "resize_operations" : undefined;
  let heardAtMs = Date.now();
  const renewal = setInterval(async () => {
    if (Date.now() - heardAtMs > LIMITS.heartbeatTimeoutMs) return;
    const held = await renewLease(env.DB, claimed.lease, Date.now()).catch(() => true);
    if (!held) onLost();
  }, LIMITS.renewEveryMs);
  return {
    started: reporter.started,
    async hear(event) {
      heardAtMs = Date.now();
      if (event.type === "heartbeat") await reporter.heartbeat();
      if (event.type !== "progress") return;
      const details = { current_operation: event.operation, fps: event.fps, speed: event.speed };
      await reporter.progress({ stage, fraction: event.fraction, details });
    },
    close: () => clearInterval(renewal),
  };
}
