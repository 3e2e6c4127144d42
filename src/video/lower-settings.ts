import { ENCODER_PRESETS } from "./encoder-preset.ts";
import type { FileOutput } from "./file-output.ts";

/** Presets that one step goes down. */
const STRIDE = 2;

/**
 * The same output, asked for more modestly after an encoder failed or ran out of memory: the quality aimed at stays,
 * the file grows a little. Only for a file that stands alone: the chunks of a stream share one header.
 */
export function lowerSettings(output: FileOutput, steps: number): FileOutput {
  const at = ENCODER_PRESETS.indexOf(output.encoderPreset) - steps * STRIDE;
  return { ...output, encoderPreset: ENCODER_PRESETS[Math.max(at, 0)] ?? "ultrafast" };
}

/** Threads of an attempt after so many steps down; undefined is as many as the transcoder likes. */
export function lowerThreads(steps: number): number | undefined {
  if (steps === 0) return undefined;
  return steps === 1 ? 2 : 1;
}
