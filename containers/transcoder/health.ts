import { statfs } from "node:fs/promises";
import { availableParallelism, freemem } from "node:os";
import type { TranscoderHealth } from "../../src/video/protocol.ts";
import type { Machine } from "./run-task.ts";
import type { TaskRegistry } from "./task-registry.ts";

/** What `GET /health` says of the machine now. */
export async function readHealth(machine: Machine, registry: TaskRegistry): Promise<TranscoderHealth> {
  const disk = await statfs(machine.config.workDir);
  return {
    state: registry.draining() ? "draining" : "ready",
    running: registry.running(),
    ffmpegVersion: machine.capabilities.version,
    encoders: machine.capabilities.encoders,
    cores: availableParallelism(),
    memoryFreeBytes: freemem(),
    diskFreeBytes: disk.bavail * disk.bsize,
  };
}
