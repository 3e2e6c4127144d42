import type { ImageOutput } from "../image/output.ts";
import { type ImageLimits, planImage } from "../image/plan.ts";
import type { ImageProbe } from "../image/probe.ts";
import type { VideoOutput } from "../video/output.ts";
import type { SourceDescription } from "../video/source.ts";
import { imageNeeds } from "./image-needs.ts";
import type { SteppedOutput } from "./plan-steps.ts";
import { LANE_OF_TASK } from "./task-spec.ts";

/** The outputs of an image, as steps work on them. */
export function imageStepOutputs(
  probe: ImageProbe,
  outputs: readonly ImageOutput[],
  limits: Partial<ImageLimits>,
): SteppedOutput[] {
  return outputs.map((output) => ({
    name: output.name,
    mark: (watermark, name) => {
      const marked = { ...output, name, watermark };
      const { lane, estimatedPeakBytes } = planImage(probe, [marked], limits);
      const needs = imageNeeds(estimatedPeakBytes, limits.inputBytes ?? 0);
      return { lane, needs, spec: { outputs: [marked], probe } };
    },
  }));
}

/** The outputs of a video, as steps work on them: stills can be marked. */
export function videoStepOutputs(
  source: SourceDescription,
  outputs: readonly VideoOutput[],
): SteppedOutput[] {
  return outputs.map((output) => {
    if (output.format !== "thumbnail") return { name: output.name };
    return {
      name: output.name,
      mark: (watermark, name) => ({
        lane: LANE_OF_TASK.thumbnail,
        spec: { source, output: { ...output, name, image: { ...output.image, name, watermark } } },
      }),
    };
  });
}
