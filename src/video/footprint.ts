import { isFileOutput } from "./file-output.ts";
import type { VideoOutput } from "./output.ts";
import type { SourceDescription } from "./source.ts";

/** What making one output is expected to take at its worst moment, bytes. */
export interface Footprint {
  memoryBytes: number;
  diskBytes: number;
}

/** Pictures that a decoder, a filter or an encoder holds at once. */
const FRAMES_HELD = 8;
const BYTES_A_PIXEL = 4;
/** Beside the pictures: tables, packets, the program. */
const MARGIN = 1.5;
/** Of an encode whose rate has no cap: bits for each pixel of each frame, more than CRF makes of ordinary pictures. */
const BITS_A_PIXEL = 0.2;

/**
 * The memory of the decoded source and of every rendition, width × height × 4 × 8 frames × 1.5 each, and the disk for
 * what is written there before it is stored: a whole MP4, of a stream only what is under way.
 */
export function footprintOf(source: SourceDescription, output: VideoOutput): Footprint {
  const { video } = source;
  if (!video) return { memoryBytes: 0, diskBytes: Math.ceil(diskOf(source, output)) };
  const sizes = [{ width: video.codedWidth, height: video.codedHeight }, ...sizesOf(video, output)];
  const memoryBytes = sizes.reduce((sum, size) => sum + memoryOf(size.width * size.height), 0);
  return { memoryBytes: Math.ceil(memoryBytes), diskBytes: Math.ceil(diskOf(source, output)) };
}

function memoryOf(pixels: number): number {
  return pixels * BYTES_A_PIXEL * FRAMES_HELD * MARGIN;
}

interface Size {
  width: number;
  height: number;
}

function sizesOf({ width, height }: Size, output: VideoOutput): Size[] {
  switch (output.format) {
    case "mp4":
    case "webm":
    case "mkv":
    case "ts":
      return [{ width: output.width ?? width, height: output.height ?? height }];
    case "hls":
    case "dash":
    case "adaptive":
      return output.variants.map(({ shortSidePx }) => {
        const scale = Math.min(1, shortSidePx / Math.min(width, height));
        return { width: width * scale, height: height * scale };
      });
    case "thumbnail":
    case "storyboard":
    case "preview":
    case "m4a":
    case "mp3":
    case "ogg":
    case "waveform":
    case "analysis":
      return [];
  }
}

function diskOf(source: SourceDescription, output: VideoOutput): number {
  const { video, durationSeconds } = source;
  if ("kbps" in output) return (output.kbps * 1000 * durationSeconds) / 8;
  if (!video || !isFileOutput(output)) return 0;
  const [{ width, height } = video] = sizesOf(video, output);
  const uncappedKbps = (width * height * video.frameRate * BITS_A_PIXEL) / 1000;
  const cap = output.targetVideoKbps ?? output.maxVideoKbps ?? Number.POSITIVE_INFINITY;
  const videoKbps = Math.min(cap, uncappedKbps);
  return ((videoKbps + output.audioKbps) * 1000 * durationSeconds) / 8;
}
