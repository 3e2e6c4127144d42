import type { Mp4Output } from "./output.ts";

/** From slow and thorough to fast and careless: each holds fewer pictures and does less with them. */
const PRESETS = [
  "slow",
  "medium",
  "fast",
  "faster",
  "veryfast",
  "superfast",
  "ultrafast",
] as const satisfies Mp4Output["encoderPreset"][];

/** Presets that one step goes down. */
const STRIDE = 2;

/**
 * The same output, asked for more modestly after an encoder failed or ran out of memory: the quality aimed at stays,
 * the file grows a little. Only for a file that stands alone: the chunks of a stream share one header.
 */
export function lowerSettings(output: Mp4Output, steps: number): Mp4Output {
  const at = PRESETS.indexOf(output.encoderPreset) + steps * STRIDE;
  return { ...output, encoderPreset: PRESETS[Math.min(at, PRESETS.length - 1)] ?? "ultrafast" };
}

/** Threads of an attempt after so many steps down; undefined is as many as the transcoder likes. */
export function lowerThreads(steps: number): number | undefined {
  if (steps === 0) return undefined;
  return steps === 1 ? 2 : 1;
}
