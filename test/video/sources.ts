import type { SourceDescription, VideoDescription } from "../../src/video/source.ts";

/** A 1080p source of 10 s with stereo sound, but for what is given. */
export function sourceOf(video: Partial<VideoDescription>): SourceDescription {
  return {
    container: "mov,mp4",
    durationSeconds: 10,
    startSeconds: 0,
    video: {
      codec: "h264",
      width: 1920,
      height: 1080,
      codedWidth: 1920,
      codedHeight: 1080,
      rotation: 0,
      frameRate: 30,
      pixelFormat: "yuv420p",
      bitDepth: 8,
      interlaced: false,
      ...video,
    },
    audio: [{ codec: "aac", channels: 2, sampleRate: 44_100 }],
    subtitles: [],
  };
}
