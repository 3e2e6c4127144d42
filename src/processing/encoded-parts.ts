import { MediaError } from "../errors.ts";
import { attemptPrefix, type TaskRow } from "../jobs/claimed-task.ts";
import { readDependencies } from "../jobs/store/read-jobs.ts";
import type { EncodedPart } from "../video/join-tracks.ts";
import { taskResult } from "../video/protocol.ts";
import { TASK_SPECS } from "./task-spec.ts";

/** What the tasks before a package task have encoded, in the order of the timeline; the sound comes last. */
export async function readEncodedParts(d1: D1Database, packageTaskId: string): Promise<EncodedPart[]> {
  const tasks = await readDependencies(d1, packageTaskId);
  const parts = tasks.toSorted((a, b) => placeOf(a) - placeOf(b)).map(partOf);
  if (parts.length === 0) throw new MediaError("internal", "Nothing was encoded before this package task.");
  return parts;
}

function placeOf(task: TaskRow): number {
  if (task.kind === "audio" || task.kind === "subtitles") return Number.POSITIVE_INFINITY;
  return task.kind === "chunk" ? TASK_SPECS.chunk.parse(task.spec).range.first : 0;
}

function partOf(task: TaskRow): EncodedPart {
  const result = taskResult.safeParse(task.result);
  if (!result.success || result.data.kind !== "tracks") {
    throw new MediaError("internal", `The ${task.kind} task before this one left no tracks.`);
  }
  const { tracks, subtitles } = result.data;
  return { folder: `${task.id}.${task.attempt}`, tracks, ...(subtitles && { subtitles }) };
}

/**
 * Every init and media segment lies in R2 with the size that was reported: a manifest must not promise what is not
 * there.
 *
 * @throws MediaError `invalid_result`
 */
export async function verifyStored(
  bucket: R2Bucket,
  jobId: string,
  { folder, tracks, subtitles = [] }: EncodedPart,
): Promise<void> {
  const [taskId = "", attempt] = folder.split(".");
  const prefix = attemptPrefix({ jobId, taskId, attempt: Number(attempt) });
  const stored = await sizesBelow(bucket, prefix);
  const promised = tracks.map(({ id, initPath, initBytes, segments }) => ({
    id,
    expected: [{ path: initPath, bytes: initBytes }, ...segments],
  }));
  for (const { id, expected } of [
    ...promised,
    ...subtitles.map((words) => ({ id: words.id, expected: [words] })),
  ]) {
    for (const { path, bytes } of expected) {
      if (stored.get(prefix + path) === bytes) continue;
      throw new MediaError("invalid_result", `A segment of ${id} is missing or incomplete.`, {
        privateDetail: `${path}: ${bytes} bytes reported, ${stored.get(prefix + path) ?? "none"} stored`,
      });
    }
  }
}

async function sizesBelow(bucket: R2Bucket, prefix: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, cursor });
    for (const object of page.objects) sizes.set(object.key, object.size);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return sizes;
}
