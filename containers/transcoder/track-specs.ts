import { framesPerSecond } from "../../src/video/frame-rate.ts";
import { type SegmentRange, type StreamPlan, WHOLE } from "../../src/video/stream-plan.ts";
import type { TrackSpec } from "./write-track.ts";

/** The tracks of all renditions in the order of their pipes. */
export function videoSpecs({ grid, renditions, video }: StreamPlan, range: SegmentRange): TrackSpec[] {
  const frameRate = grid.kind === "frames" ? framesPerSecond(grid.rate) : video.frameRate;
  return renditions.map(({ id }) => ({ id, kind: "video", grid, range, frameRate }));
}

/** The audio tracks in the order of their pipes; always the whole of each. */
export function audioSpecs({ grid, audio }: StreamPlan): TrackSpec[] {
  return audio.map(({ language }, i) => {
    const id = i === 0 ? "audio" : `audio-${i + 1}`;
    return { id, kind: "audio", grid, range: WHOLE, language };
  });
}
