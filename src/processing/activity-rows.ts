import { newId } from "../id.ts";
import type { ActivityRow, ClaimedTask } from "../jobs/claimed-task.ts";
import { fileKindOf } from "../jobs/stored-files.ts";
import type { StoredFile } from "./output-rows.ts";

/** A delivered file, as the activity log tells of it. */
export interface ShippedFile {
  name: string;
  type: string;
  bytes: number;
  destinationId: string;
}

/** What the activity log says of a finished task: the files that it stored, and the one that it shipped. */
export function activityRows(
  { lease, job }: Pick<ClaimedTask, "lease" | "job">,
  files: readonly StoredFile[],
  shipped: ShippedFile | undefined,
  nowMs: number,
): ActivityRow[] {
  const rowOf = (file: Pick<StoredFile, "name" | "type" | "bytes">): ActivityRow => ({
    id: newId("activity", nowMs),
    owner: job.owner,
    type: "stored",
    fileKind: fileKindOf(file.type),
    filename: file.name,
    bytes: file.bytes,
    worker: lease.workerId,
    mediaId: job.mediaId,
    jobId: job.id,
    destinationId: null,
    receiptId: null,
    createdAt: nowMs,
  });
  const stored = files.map(rowOf);
  if (!shipped) return stored;
  return [...stored, { ...rowOf(shipped), type: "shipped", destinationId: shipped.destinationId }];
}
