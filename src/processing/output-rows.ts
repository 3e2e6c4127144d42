import { newId } from "../id.ts";
import { attemptPrefix, type Lease, type OutputRow } from "../jobs/claimed-task.ts";
import type { StreamIndex } from "../schema/outputs.ts";

/** A file that stands for one of the job's outputs, stored under its attempt's prefix. */
export interface StoredFile {
  /** Name of the output specification. */
  name: string;
  /** Relative to the attempt's prefix. */
  path: string;
  type: string;
  bytes: number;
  sha256: string;
  width?: number;
  height?: number;
  durationSeconds?: number;
  /** Streams: attempt folders below `outputs/<job>/`, first that of the playlists, then those of segments. */
  tree?: string[];
  /** Streams: how they are read. */
  stream?: StreamIndex;
}

export function outputRows(lease: Lease, files: readonly StoredFile[], nowMs: number): OutputRow[] {
  return files.map((file) => ({
    id: newId("output", nowMs),
    jobId: lease.jobId,
    taskId: lease.taskId,
    name: file.name,
    objectKey: attemptPrefix(lease) + file.path,
    type: file.type,
    bytes: file.bytes,
    sha256: file.sha256,
    width: file.width ?? null,
    height: file.height ?? null,
    durationSeconds: file.durationSeconds ?? null,
    tree: file.tree ?? null,
    stream: file.stream ?? null,
    createdAt: nowMs,
  }));
}
