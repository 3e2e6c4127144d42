import { sql } from "drizzle-orm";
import type { ImageAnalysis } from "../image/analysis.ts";
import type { MediaRow } from "../jobs/claimed-task.ts";
import { insertRows } from "../jobs/store/insert-rows.ts";
import { hashRow } from "../media/likeness.ts";
import { imageAnalyses, mediaHashes, media as mediaTable } from "../schema/media.ts";
import type { TaskOutcome } from "./conclude.ts";

/**
 * What was learned of the original while its outputs were made, in the batch that finishes the task: it is known with
 * them or not at all, and costs no call of its own.
 */
export function keepAnalysis(
  media: Pick<MediaRow, "id" | "owner" | "sha256">,
  analysis: ImageAnalysis,
): Pick<TaskOutcome, "alongside"> {
  const nowMs = Date.now();
  return {
    alongside(db, guard) {
      // Whoever deletes the media meanwhile leaves nothing behind.
      const isStored = sql`${guard} AND EXISTS (SELECT 1 FROM ${mediaTable} AS kept WHERE kept.id = ${media.id} AND kept.status <> 'deleted')`;
      return [
        insertRows(db, imageAnalyses, [{ sha256: media.sha256, analysis, createdAt: nowMs }], isStored),
        insertRows(db, mediaHashes, [hashRow(media, analysis.perceptualHash)], isStored),
      ];
    },
  };
}
