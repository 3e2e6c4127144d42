import type { ImageOutput } from "../image/output.ts";
import { type ImageLimits, planImage } from "../image/plan.ts";
import type { ImageProbe } from "../image/probe.ts";
import { type FileOutput, isFileOutput } from "../video/file-output.ts";
import { footprintOf } from "../video/footprint.ts";
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

/** The outputs of a video, as steps work on them: stills and files can be marked. */
export function videoStepOutputs(
  source: SourceDescription,
  outputs: readonly VideoOutput[],
): SteppedOutput[] {
  return outputs.map((output) => {
    if (isFileOutput(output)) return { name: output.name, mark: markingOf(source, output) };
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

/** Encoded again from the source, so that nothing is compressed twice. */
function markingOf(source: SourceDescription, output: FileOutput): SteppedOutput["mark"] {
  return (watermark, name) => {
    const marked = { ...output, name, watermark };
    const needs = { ...footprintOf(source, marked), name };
    return { lane: LANE_OF_TASK.transcode, needs, spec: { source, output: marked } };
  };
}
