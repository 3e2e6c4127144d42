import { newId } from "../id.ts";
import type { FileKind } from "../schema/shipping.ts";
import type { ActivityRow, JobRow, MediaRow } from "./claimed-task.ts";

/** Who stores what comes in with a request: nobody but the service itself. */
const FRONT_DOOR = "api";

/** What the activity log says of an original that came in with a job. */
export function storedOriginal(media: MediaRow, job: Pick<JobRow, "id">): ActivityRow {
  return {
    id: newId("activity", media.createdAt),
    owner: media.owner,
    type: "stored",
    fileKind: fileKindOf(media.type),
    filename: media.filename,
    bytes: media.sizeBytes,
    worker: FRONT_DOOR,
    mediaId: media.id,
    jobId: job.id,
    destinationId: null,
    receiptId: null,
    createdAt: media.createdAt,
  };
}

/** Streams are videos, whatever the type of their manifests. */
export function fileKindOf(type: string): FileKind {
  if (type.startsWith("image/")) return "image";
  return type.startsWith("video/") || /mpegurl$|dash\+xml$/i.test(type) ? "video" : "file";
}
