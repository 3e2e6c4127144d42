import { MediaError } from "../../src/errors.ts";
import type { FfmpegProgress } from "../../src/video/progress.ts";
import type { EncodedTrack } from "../../src/video/protocol.ts";
import { verifyTracks } from "../../src/video/verify-tracks.ts";
import { runFfmpeg } from "./run-ffmpeg.ts";
import type { SegmentCiphers } from "./segment-cipher.ts";
import type { TaskContext } from "./task-context.ts";
import { type TrackSpec, writeTrack } from "./write-track.ts";

/** Share of a task that encoding is; the last segments still travel when ffmpeg has ended. */
const ENCODING_SHARE = 0.98;

interface TracksRun {
  args: string[];
  /** What comes out of `pipe:3`, `pipe:4`, … */
  specs: TrackSpec[];
  /** Of an encrypted stream. */
  ciphers?: SegmentCiphers | undefined;
  /** Of the media that is encoded, and for a part of it how many frames that is. */
  durationSeconds: number;
  frames?: number;
  isQuietAtFirst?: boolean;
  /** Shown with the progress. */
  resolution?: string;
}

interface EncodedTracks {
  /** None when the range had no frames. */
  tracks: EncodedTrack[];
  /** What ffmpeg had to say although it succeeded. */
  complaints: string;
}

/** Runs the encoder, stores the segments of all tracks while it goes on, and verifies that they fit together. */
export async function encodeTracks(context: TaskContext, run: TracksRun): Promise<EncodedTracks> {
  const written: (EncodedTrack | undefined)[] = run.specs.map(() => undefined);
  const report = (progress: FfmpegProgress) =>
    context.progress(progress.fraction * ENCODING_SHARE, "encoding", {
      ...progress,
      ...(run.resolution === undefined ? {} : { resolution: run.resolution }),
    });
  const complaints = await runFfmpeg(context, {
    ...run,
    onProgress: report,
    readers: run.specs.map((spec, i) => async (pipe) => {
      written[i] = await writeTrack(pipe, { ...spec, ciphers: run.ciphers }, context);
    }),
  });
  const tracks = written.filter((track) => track !== undefined);
  if (tracks.length > 0 && tracks.length < run.specs.length) {
    throw new MediaError("invalid_result", "The encoder wrote nothing for one of the tracks.", {
      privateDetail: complaints,
    });
  }
  verifyTracks(tracks);
  return { tracks, complaints };
}
