import { CONTAINERS } from "./codecs.ts";
import { type FfmpegSetting, globalArgs } from "./ffmpeg-args.ts";
import type { FileOutput } from "./file-output.ts";
import type { EncodedTrack } from "./protocol.ts";
import type { StitchTrack } from "./stitch-track.ts";
import { endOfTrack } from "./verify-tracks.ts";
import { STRIP_METADATA_ARGS } from "./video-encoder.ts";

/** What there is to fetch of a joined track. */
export function stitchTrackOf(track: EncodedTrack): StitchTrack {
  const frames = track.segments.reduce((sum, segment) => sum + (segment.frames ?? 0), 0);
  return {
    kind: track.kind,
    durationSeconds: endOfTrack(track),
    ...(track.kind === "video" && { frames }),
    parts: [
      [track.initPath, track.initBytes],
      ...track.segments.map(({ path, bytes }) => [path, bytes] as [string, number]),
    ],
  };
}

/** Arguments that put tracks, each a fragmented MP4 of its own, into one file, as they are. */
export function stitchArgs(
  output: FileOutput,
  tracks: readonly { kind: StitchTrack["kind"]; file: string }[],
  setting: FfmpegSetting,
  outputPath: string,
): string[] {
  return [
    ...globalArgs(setting),
    ...tracks.flatMap(({ file }) => ["-protocol_whitelist", "file", "-f", "mov", "-i", file]),
    ...tracks.flatMap(({ kind }, i) => ["-map", `${i}:${kind === "video" ? "v" : "a"}:0`]),
    ...["-c", "copy", ...STRIP_METADATA_ARGS],
    ...["-max_muxing_queue_size", "4096", ...CONTAINERS[output.format].muxer, outputPath],
  ];
}
