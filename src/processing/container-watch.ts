import { type Env, LIMITS } from "../config.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import type { AttemptUsage } from "../jobs/store/charge-attempt.ts";
import type { ResourceUsage, StageDetails } from "../progress/event.ts";
import type { TaskEvent } from "../video/protocol.ts";
import { createReporter } from "./attempt-reporter.ts";
import { keepLease } from "./keep-lease.ts";

/** Follows one attempt in a container: passes on what it reports, and renews its lease while it is alive. */
export interface ContainerWatch {
  started(): Promise<void>;
  hear(event: TaskEvent): void;
  /** What has been seen of it so far. */
  usage(): AttemptUsage;
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
  let peakMemoryBytes: number | undefined;
  let cpuSeconds: number | undefined;
  const stopKeeping = keepLease(env, claimed.lease, {
    isAlive() {
      const silentMs = Date.now() - heardAtMs;
      if (silentMs > LIMITS.leaseMs) onLost();
      return silentMs <= LIMITS.heartbeatTimeoutMs;
    },
    onLost,
  });
  return {
    async started() {
      await reporter.speakUp();
      await reporter.started();
    },
    hear(event) {
      heardAtMs = Date.now();
      const held = memoryIn(event);
      if (held !== undefined) peakMemoryBytes = Math.max(peakMemoryBytes ?? 0, held);
      if (event.type !== "progress" && event.cpuSeconds !== undefined) {
        cpuSeconds = Math.max(cpuSeconds ?? 0, event.cpuSeconds);
      }
      if (event.type === "heartbeat") reporter.heartbeat(usageIn(event));
      if (event.type !== "progress") return;
      reporter.progress({ stage, fraction: event.fraction, details: detailsIn(event) });
    },
    usage: () => ({ peakMemoryBytes, cpuSeconds }),
    close: stopKeeping,
  };
}

type Heard<T extends TaskEvent["type"]> = Extract<TaskEvent, { type: T }>;

function memoryIn(event: TaskEvent): number | undefined {
  if (event.type === "heartbeat") return event.rssBytes;
  return event.type === "progress" ? undefined : event.peakMemoryBytes;
}

function usageIn(event: Heard<"heartbeat">): ResourceUsage {
  return { memory_bytes: event.rssBytes, cpu_percent: event.cpuPercent, temp_bytes: event.tempBytes };
}

function detailsIn(event: Heard<"progress">): StageDetails {
  return {
    current_operation: event.operation,
    processed_items: event.processedItems,
    total_items: event.totalItems,
    resolution: event.resolution,
    bitrate_kbps: event.bitrateKbps,
    fps: event.fps,
    speed: event.speed,
  };
}
