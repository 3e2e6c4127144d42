import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import { requireSound } from "./sound-plan.ts";
import type { SourceDescription } from "./source.ts";

/** Hz of the sound that is listened to: speech lies below half of it. */
export const ANALYSED_RATE = 16_000;
/** Width of the pictures that are looked at, px. */
const ANALYSED_WIDTH = 160;
/** Shortest stretch of black that counts, s. */
const MIN_BLACK_SECONDS = 0.2;

/** Which pipes carry what of one decode: figures of each frame as text, and mono 16-bit samples. */
export interface AnalysisRun {
  args: string[];
  readers: ("picture" | "sound")[];
}

export function planAnalysis(source: SourceDescription, setting: FfmpegSetting): AnalysisRun {
  const readers: AnalysisRun["readers"] = [];
  const outputs: string[] = [];
  if (source.video) {
    const pipe = 3 + readers.push("picture") - 1;
    const figures = `blackdetect=d=${MIN_BLACK_SECONDS}:pix_th=0.1,scdet=t=10,metadata=print:file=pipe\\\\:${pipe}`;
    outputs.push("-map", "0:V:0", "-vf", `scale=${ANALYSED_WIDTH}:-2:flags=fast_bilinear,${figures}`);
    outputs.push("-fps_mode", "passthrough", "-f", "null", "-");
  }
  if (source.audio.length > 0 && (!source.video || hasSound(source))) {
    const pipe = 3 + readers.push("sound") - 1;
    const { trackIndex } = requireSound(source);
    outputs.push("-map", `0:a:${trackIndex}`, "-af", `aresample=${ANALYSED_RATE}:async=1:first_pts=0`);
    outputs.push(
      "-ac",
      "1",
      "-ar",
      String(ANALYSED_RATE),
      "-c:a",
      "pcm_s16le",
      "-f",
      "s16le",
      `pipe:${pipe}`,
    );
  }
  return { args: [...globalArgs(setting), ...inputArgs(setting), ...outputs], readers };
}

function hasSound(source: SourceDescription): boolean {
  return source.audio.some(({ codec, sampleRate }) => codec !== "unknown" && sampleRate > 0);
}
