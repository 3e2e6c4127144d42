import { MediaError } from "../../../src/errors.ts";
import { framesPerSecond } from "../../../src/video/frame-rate.ts";
import type { EncodedTrack, TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { streamArgs } from "../../../src/video/stream-args.ts";
import { planStream, type StreamPlan } from "../../../src/video/stream-plan.ts";
import { checkLength } from "../check-length.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";
import { type TrackSpec, writeTrack } from "../write-track.ts";

/** Two segments meet when they are this near, seconds: less than a tick of any track's clock. */
const SEAM_SECONDS = 1e-6;

type StreamRequest = Extract<TaskRequest, { kind: "stream" }>;

/** Encodes every rendition and the audio from one decode, and stores their segments while it goes on. */
export async function runStream(context: TaskContext, request: StreamRequest): Promise<TaskResult> {
  const plan = planStream(request.source, request.output);
  const tracks: EncodedTrack[] = [];
  const complaints = await runFfmpeg(context, {
    args: streamArgs(plan, context.setting),
    durationSeconds: request.source.durationSeconds,
    onProgress: (progress) =>
      context.progress(progress.fraction * 0.98, "encoding", { ...progress, resolution: largestOf(plan) }),
    readers: trackSpecs(plan).map((spec, i) => async (pipe) => {
      tracks[i] = await writeTrack(pipe, spec, context);
    }),
  });
  const described = tracks.map((track) => describeTrack(track, plan));
  verifyTracks(described);
  const durationSeconds = Math.max(...described.map(lengthOf));
  const video = described.filter((track) => track.kind === "video");
  checkLength(request.source, Math.min(...video.map(lengthOf)), complaints);
  return { kind: "tracks", tracks: described, durationSeconds };
}

function largestOf({ renditions }: StreamPlan): string {
  const largest = renditions.toSorted((a, b) => b.width * b.height - a.width * a.height)[0];
  return `${largest?.width}x${largest?.height}`;
}

function trackSpecs(plan: StreamPlan): TrackSpec[] {
  const { grid, audio } = plan;
  const video = plan.renditions.map(({ id }) => ({ id, kind: "video" as const, grid }));
  return audio === undefined ? video : [...video, { id: "audio", kind: "audio", grid }];
}

function describeTrack(track: EncodedTrack, plan: StreamPlan): EncodedTrack {
  if (track.kind === "audio") {
    const language = plan.audio?.language;
    return language === undefined ? track : { ...track, language };
  }
  const { grid, video } = plan;
  return { ...track, frameRate: grid.kind === "frames" ? framesPerSecond(grid.rate) : video.frameRate };
}

/** Every track is gapless, and all video renditions can be switched between at every segment. */
function verifyTracks(tracks: EncodedTrack[]): void {
  const video = tracks.filter((track) => track.kind === "video");
  const grid = startsOf(video[0]);
  for (const track of tracks) {
    const gap = track.segments.some((segment, i) => {
      const next = track.segments[i + 1];
      const end = segment.startSeconds + segment.durationSeconds;
      return next !== undefined && Math.abs(next.startSeconds - end) > SEAM_SECONDS;
    });
    if (gap) throw new MediaError("invalid_result", `The segments of ${track.id} do not meet.`);
  }
  const apart = video.some((track) => {
    const starts = startsOf(track);
    return (
      starts.length !== grid.length || starts.some((at, i) => Math.abs(at - (grid[i] ?? 0)) > SEAM_SECONDS)
    );
  });
  if (apart) throw new MediaError("invalid_result", "The renditions are not cut at the same times.");
}

function startsOf(track: EncodedTrack | undefined): number[] {
  return track?.segments.map((segment) => segment.startSeconds) ?? [];
}

function lengthOf(track: EncodedTrack): number {
  const last = track.segments.at(-1);
  return last === undefined ? 0 : last.startSeconds + last.durationSeconds;
}
