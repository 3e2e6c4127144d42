import { framesPerSecond } from "../../src/video/frame-rate.ts";
import { gridOf, type SegmentRange, type StreamPlan, WHOLE } from "../../src/video/stream-plan.ts";
import type { SoundOfStream } from "../../src/video/stream-sound.ts";
import type { TrackSpec } from "./write-track.ts";

/** The tracks of all renditions in the order of their pipes. */
export function videoSpecs(plan: StreamPlan, range: SegmentRange): TrackSpec[] {
  return plan.renditions.map((rendition) => {
    const grid = gridOf(plan.grid, rendition);
    const frameRate = grid.kind === "frames" ? framesPerSecond(grid.rate) : plan.video.frameRate;
    return { id: rendition.id, kind: "video", grid, range, frameRate };
  });
}

/** The audio tracks in the order of their pipes; always the whole of each. */
export function audioSpecs({ grid, audio }: SoundOfStream): TrackSpec[] {
  return audio.map(({ language }, i) => {
    const id = i === 0 ? "audio" : `audio-${i + 1}`;
    return { id, kind: "audio", grid, range: WHOLE, language };
  });
}
