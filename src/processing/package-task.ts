import { configOf } from "../config.ts";
import { sha256Hex } from "../digest.ts";
import { MediaError } from "../errors.ts";
import { attemptPrefix, type ClaimedTask } from "../jobs/claimed-task.ts";
import { jobPrefix } from "../media/object-keys.ts";
import type { StreamIndex } from "../schema/outputs.ts";
import { subtitleName } from "../video/hls-subtitles.ts";
import { joinSubtitles, joinTracks } from "../video/join-tracks.ts";
import { packageStream } from "../video/packaging.ts";
import type { EncodedTrack } from "../video/protocol.ts";
import { streamRoot } from "../video/segment-keys.ts";
import type { SubtitleTrack } from "../video/subtitles.ts";
import { endOfTrack, verifyTracks } from "../video/verify-tracks.ts";
import { closeSeams } from "./close-seams.ts";
import type { TaskOutcome } from "./conclude.ts";
import { readEncodedParts, verifyStored } from "./encoded-parts.ts";
import type { IsolateContext } from "./image-task.ts";
import type { StoredFile } from "./output-rows.ts";
import { TASK_SPECS } from "./task-spec.ts";

/** Share of the work that checking the segments is. */
const CHECKED = 0.7;

/** Joins what the tasks before have encoded, and writes the manifests of the stream over it. */
export async function runPackageTask(claimed: ClaimedTask, context: IsolateContext): Promise<TaskOutcome> {
  const { name, format, encryption, soundAlone } = TASK_SPECS.package.parse(claimed.task.spec);
  const { jobId, taskId, attempt } = claimed.lease;
  const parts = await readEncodedParts(context.env.DB, claimed.task.id);
  for (const [i, part] of parts.entries()) {
    await verifyStored(context.bucket, jobId, part);
    context.checkpoint();
    await context.report(undefined, (CHECKED * (i + 1)) / parts.length);
  }
  const folder = `${taskId}.${attempt}`;
  const keys = encryption && { encryption, root: await streamRoot(configOf(context.env).tokenSecret, jobId) };
  const prefixes = { bucket: context.bucket, jobPrefix: jobPrefix(jobId), folder, keys };
  const { tracks, folders } = await closeSeams(joinTracks(parts), prefixes);
  verifyTracks(tracks);
  const subtitles = joinSubtitles(parts);
  const manifests = packageStream(tracks, format, { encryption, subtitles, soundAlone });
  const prefix = attemptPrefix(claimed.lease);
  await Promise.all(
    manifests.map(({ path, type, text }) =>
      context.bucket.put(prefix + path, text, { httpMetadata: { contentType: type } }),
    ),
  );
  const main = manifests.filter(({ isEntry }) => isEntry);
  const tree = [folder, ...parts.map((part) => part.folder)];
  const stream = {
    manifests: main.map(({ path }) => path),
    segments: folders,
    encryption,
    ...listed(subtitles),
  };
  return { result: null, files: [{ ...(await describeStream(name, tracks, main[0])), tree, stream }] };
}

function listed(subtitles: readonly SubtitleTrack[]): Pick<StreamIndex, "subtitles"> {
  if (subtitles.length === 0) return {};
  return {
    subtitles: subtitles.map((track, i) => ({
      name: subtitleName(track, subtitles.slice(0, i)),
      language: track.language,
      path: track.path,
      forced: track.forced,
      isDefault: track.isDefault,
    })),
  };
}

/** A stream counts as one file: its manifest, with the bytes of everything that can be played. */
async function describeStream(
  name: string,
  tracks: readonly EncodedTrack[],
  manifest: { path: string; type: string; text: string } | undefined,
): Promise<StoredFile> {
  if (!manifest) throw new MediaError("internal", "Packaging wrote no manifest.");
  const text = new TextEncoder().encode(manifest.text);
  const segments = tracks.flatMap((track) => [
    track.initBytes,
    ...track.segments.map((segment) => segment.bytes),
  ]);
  const largest = tracks
    .filter((track) => track.kind === "video")
    .toSorted((a, b) => (b.width ?? 0) * (b.height ?? 0) - (a.width ?? 0) * (a.height ?? 0))[0];
  return {
    name,
    path: manifest.path,
    type: manifest.type,
    bytes: segments.reduce((sum, bytes) => sum + bytes, text.length),
    sha256: await sha256Hex(text),
    width: largest?.width,
    height: largest?.height,
    durationSeconds: Math.max(...tracks.map(endOfTrack)),
  };
}
