import { z } from "zod";
import { MediaError } from "../errors.ts";
import type { LoudnessTarget } from "./sound-output.ts";

/** Loudness range that is left as it is where the source has less, LU. */
const MIN_RANGE = 11;
const MAX_RANGE = 50;
/** Softer than this the meter hears nothing (EBU Tech 3341: the absolute gate). */
const SILENCE_LUFS = -69;

/** What ffmpeg's `loudnorm` measured: LUFS, dBTP, LU. */
export interface Loudness {
  integrated: number;
  truePeak: number;
  range: number;
  threshold: number;
  offset: number;
}

/** Stands for a {@link Loudness} where a run is only told of. */
export const LOUDNESS_WORDS = {
  integrated: "{measured_i}",
  truePeak: "{measured_tp}",
  range: "{measured_lra}",
  threshold: "{measured_thresh}",
  offset: "{target_offset}",
} as const satisfies Record<keyof Loudness, string>;
type LoudnessWords = typeof LOUDNESS_WORDS;

const number = z.string().transform((text) => (text === "-inf" ? -99 : Number(text)));
const report = z.object({
  input_i: number,
  input_tp: number,
  input_lra: number,
  input_thresh: number,
  output_i: number,
  output_tp: number,
  target_offset: number,
});

/** The filter that only measures, and says so on stderr. */
export function measuringFilter(target: LoudnessTarget): string {
  return `loudnorm=I=${target.integrated}:TP=${target.truePeak}:LRA=${MIN_RANGE}:print_format=json`;
}

/**
 * The filter that brings measured sound to its target: by one gain over all of it where the peaks allow that, otherwise
 * by compressing. It works at 192 kHz, so the sound must be resampled after it.
 *
 * @param measured or words that stand for what will be measured
 */
export function correctingFilter(target: LoudnessTarget, measured: Loudness | LoudnessWords): string {
  const range =
    typeof measured.range === "string"
      ? measured.range
      : Math.min(MAX_RANGE, Math.max(MIN_RANGE, Math.ceil(measured.range)));
  const asMeasured = [
    `measured_I=${measured.integrated}`,
    `measured_TP=${measured.truePeak}`,
    `measured_LRA=${measured.range}`,
    `measured_thresh=${measured.threshold}`,
    `offset=${measured.offset}`,
  ];
  const aim = `I=${target.integrated}:TP=${target.truePeak}:LRA=${range}`;
  return `loudnorm=${aim}:${asMeasured.join(":")}:linear=true:print_format=json`;
}

/**
 * Reads what `loudnorm` printed last.
 *
 * @throws {MediaError} `invalid_result` when it printed nothing that can be read
 */
export function readLoudness(stderr: string): {
  before: Loudness;
  after: { integrated: number; truePeak: number };
} {
  const json = stderr.slice(stderr.lastIndexOf("{"), stderr.lastIndexOf("}") + 1);
  const parsed = report.safeParse(parseJson(json));
  if (!parsed.success) {
    throw new MediaError("invalid_result", "The loudness could not be measured.", { privateDetail: stderr });
  }
  const { data } = parsed;
  return {
    before: {
      integrated: data.input_i,
      truePeak: data.input_tp,
      range: data.input_lra,
      threshold: data.input_thresh,
      offset: data.target_offset,
    },
    after: { integrated: data.output_i, truePeak: data.output_tp },
  };
}

/** Nothing can be made of silence but noise. */
export function isSilent({ integrated }: Loudness): boolean {
  return integrated <= SILENCE_LUFS;
}

/** Sentence for the job. */
export function noteOnLoudness(
  name: string,
  before: Pick<Loudness, "integrated" | "truePeak">,
  after: Pick<Loudness, "integrated" | "truePeak">,
): string {
  const say = ({ integrated, truePeak }: Pick<Loudness, "integrated" | "truePeak">) =>
    `${integrated.toFixed(1)} LUFS, true peak ${truePeak.toFixed(1)} dBTP`;
  return `The loudness of ${name}: ${say(before)} before, ${say(after)} after.`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
