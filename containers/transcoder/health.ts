import { availableParallelism } from "node:os";
import type { TranscoderHealth } from "../../src/video/protocol.ts";
import { createProcessorMeter, diskFill, memoryFill, shareOf } from "./machine-load.ts";
import type { Machine } from "./run-task.ts";
import type { TaskRegistry } from "./task-registry.ts";

const processorPercent = createProcessorMeter();

/** What `GET /health` says of the machine now. */
export async function readHealth(machine: Machine, registry: TaskRegistry): Promise<TranscoderHealth> {
  const { config, capabilities } = machine;
  const [memory, disk] = await Promise.all([memoryFill(), diskFill(config.workDir)]);
  const isFull = shareOf(memory) >= config.maxMemoryShare || shareOf(disk) >= config.maxDiskShare;
  return {
    state: registry.draining() ? "draining" : isFull ? "full" : "ready",
    running: registry.running(),
    ffmpegVersion: capabilities.version,
    encoders: capabilities.encoders,
    hardwareEncoders: machine.hardwareEncoders,
    heic: capabilities.heic,
    bmp: capabilities.bmp,
    faces: capabilities.faces,
    cores: availableParallelism(),
    memoryFreeBytes: memory.totalBytes - memory.usedBytes,
    diskFreeBytes: disk.totalBytes - disk.usedBytes,
    memoryTotalBytes: memory.totalBytes,
    diskTotalBytes: disk.totalBytes,
    cpuPercent: processorPercent(),
    rssBytes: process.memoryUsage.rss(),
    tasksEnded: registry.ended(),
  };
}
