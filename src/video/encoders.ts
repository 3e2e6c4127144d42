import { av1Args, libaomArgs } from "./av1-encoder.ts";
import type { VideoCodec } from "./codecs.ts";
import type { Threads } from "./ffmpeg-args.ts";
import type { PictureRate } from "./picture-rate.ts";
import { vp9Args } from "./vp9-encoder.ts";
import { x264Args } from "./x264-encoder.ts";
import { x265Args } from "./x265-encoder.ts";

/** One encoder of ffmpeg. */
export interface VideoEncoder {
  /** As ffmpeg calls it. */
  name: string;
  codec: VideoCodec;
  args(rate: PictureRate, threads: Threads): string[];
}

/** By codec, the best first: the others are taken where it is not installed or does not work. */
export const ENCODERS: Record<VideoCodec, readonly VideoEncoder[]> = {
  h264: [{ name: "libx264", codec: "h264", args: x264Args }],
  h265: [{ name: "libx265", codec: "h265", args: x265Args }],
  vp9: [{ name: "libvpx-vp9", codec: "vp9", args: vp9Args }],
  av1: [
    { name: "libsvtav1", codec: "av1", args: av1Args },
    { name: "libaom-av1", codec: "av1", args: libaomArgs },
  ],
};

/** Every encoder of ffmpeg that outputs can need. */
export const WANTED_ENCODERS: readonly string[] = [
  ...Object.values(ENCODERS).flatMap((encoders) => encoders.map(({ name }) => name)),
  ...["aac", "libmp3lame", "libopus", "libvorbis"],
];
