import { sha256Hex } from "../digest.ts";
import { MediaError } from "../errors.ts";
import { attemptPrefix, type ClaimedTask, type TaskRow } from "../jobs/claimed-task.ts";
import { readDependencies } from "../jobs/store/read-jobs.ts";
import { packageHls } from "../video/packaging.ts";
import { type EncodedTrack, taskResult } from "../video/protocol.ts";
import type { TaskOutcome } from "./conclude.ts";
import type { IsolateContext } from "./image-task.ts";
import { TASK_SPECS } from "./task-spec.ts";

/**
 * Writes the playlists of a stream over the segments that its `stream` task stored. Every segment is checked first:
 * a playlist must not promise what is not there.
 */
export async function runPackageTask(claimed: ClaimedTask, context: IsolateContext): Promise<TaskOutcome> {
  const { name } = TASK_SPECS.package.parse(claimed.task.spec);
  const encoded = await readEncoded(context.env.DB, claimed.task.id);
  await verifySegments(context.bucket, encoded);
  context.checkpoint();
  await context.report(undefined, 0.5);
  const own = `${claimed.lease.taskId}.${claimed.lease.attempt}`;
  const source = `${encoded.task.id}.${encoded.task.attempt}`;
  const { files } = packageHls({ tracks: encoded.tracks, mediaPath: source });
  const prefix = attemptPrefix(claimed.lease);
  await Promise.all(
    files.map((file) =>
      context.bucket.put(prefix + file.path, file.text, { httpMetadata: { contentType: file.type } }),
    ),
  );
  const [master] = files;
  if (!master) throw new MediaError("internal", "Packaging wrote no master playlist.");
  const masterBytes = new TextEncoder().encode(master.text);
  const largest = encoded.tracks
    .filter((track) => track.kind === "video")
    .toSorted((a, b) => (b.width ?? 0) * (b.height ?? 0) - (a.width ?? 0) * (a.height ?? 0))[0];
  return {
    result: null,
    files: [
      {
        name,
        path: master.path,
        type: master.type,
        bytes: encoded.bytes + masterBytes.length,
        sha256: await sha256Hex(masterBytes),
        width: largest?.width,
        height: largest?.height,
        durationSeconds: encoded.durationSeconds,
        tree: [own, source],
      },
    ],
  };
}

interface Encoded {
  task: TaskRow;
  tracks: EncodedTrack[];
  durationSeconds: number;
  /** All segments and init segments together. */
  bytes: number;
}

async function readEncoded(d1: D1Database, packageTaskId: string): Promise<Encoded> {
  for (const task of await readDependencies(d1, packageTaskId)) {
    const result = taskResult.safeParse(task.result);
    if (!result.success || result.data.kind !== "tracks") continue;
    const { tracks, durationSeconds } = result.data;
    const sizes = tracks.flatMap((track) => [
      track.initBytes,
      ...track.segments.map((segment) => segment.bytes),
    ]);
    return { task, tracks, durationSeconds, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  }
  throw new MediaError("internal", "No stream task has finished before this package task.");
}

/** Every init and media segment lies in R2 with the size that was reported. */
async function verifySegments(bucket: R2Bucket, { task, tracks }: Encoded): Promise<void> {
  const prefix = attemptPrefix({ jobId: task.jobId, taskId: task.id, attempt: task.attempt });
  const stored = await sizesBelow(bucket, prefix);
  for (const track of tracks) {
    const expected = [{ path: track.initPath, bytes: track.initBytes }, ...track.segments];
    for (const { path, bytes } of expected) {
      if (stored.get(prefix + path) === bytes) continue;
      throw new MediaError("invalid_result", `A segment of ${track.id} is missing or incomplete.`, {
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
