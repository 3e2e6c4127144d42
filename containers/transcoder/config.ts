import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const count = z.coerce.number().int();
const share = z.coerce.number().min(0).max(1);

const environment = z.object({
  /** 0 picks a free port, which the `listening` line names. */
  PORT: count.min(0).max(65_535).default(8080),
  HOST: z.string().default("127.0.0.1"),
  /** Folder of this server alone; whatever is in it at start is removed. */
  WORK_DIR: z.string().default(join(tmpdir(), "darkroom-transcoder")),
  /** A slot runs one long and two short tasks; the rest is room for images that URLs ask for. */
  MAX_TASKS: count.min(1).default(6),
  /** Threads of each decoder, filter graph and encoder. */
  FFMPEG_THREADS: count.min(1).default(availableParallelism()),
  /** Time that running tasks get after SIGTERM; the platform kills after 15 minutes. */
  DRAIN_GRACE_MS: count.min(0).default(14 * 60_000),
  /** A process that neither works nor comes further for so long is ended: twice the longest pause to be expected. */
  STALL_MS: count.min(100).default(60_000),
  /** What one sample of a picture's complexity may take; whatever takes longer is left unmeasured. */
  SAMPLE_LIMIT_MS: count.min(1).default(25_000),
  /** Shares of memory and disk in use from which on no task is taken. */
  MAX_MEMORY_SHARE: share.default(0.8),
  MAX_DISK_SHARE: share.default(0.85),
  /** After so many tasks, or with so much memory of its own, the server makes room for a fresh one. */
  RECYCLE_AFTER_TASKS: count.min(1).default(500),
  RECYCLE_RSS_BYTES: count.min(1).default(1_000_000_000),
});

export interface TranscoderConfig {
  port: number;
  host: string;
  workDir: string;
  maxTasks: number;
  ffmpegThreads: number;
  drainGraceMs: number;
  stallMs: number;
  sampleLimitMs: number;
  maxMemoryShare: number;
  maxDiskShare: number;
  recycleAfterTasks: number;
  recycleRssBytes: number;
}

/** @throws {z.ZodError} naming every variable that is not valid. */
export function readConfig(env: NodeJS.ProcessEnv): TranscoderConfig {
  const parsed = environment.parse(env);
  return {
    port: parsed.PORT,
    host: parsed.HOST,
    workDir: parsed.WORK_DIR,
    maxTasks: parsed.MAX_TASKS,
    ffmpegThreads: parsed.FFMPEG_THREADS,
    drainGraceMs: parsed.DRAIN_GRACE_MS,
    stallMs: parsed.STALL_MS,
    sampleLimitMs: parsed.SAMPLE_LIMIT_MS,
    maxMemoryShare: parsed.MAX_MEMORY_SHARE,
    maxDiskShare: parsed.MAX_DISK_SHARE,
    recycleAfterTasks: parsed.RECYCLE_AFTER_TASKS,
    recycleRssBytes: parsed.RECYCLE_RSS_BYTES,
  };
}
