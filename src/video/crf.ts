import { VIDEO_CODEC_RULES, type VideoCodec } from "./codecs.ts";

const WORDS = ["maximum", "high", "medium", "low"] as const;

/**
 * A constant rate factor on another codec's scale: the same place between the two quality words around it, which look
 * alike on all scales.
 */
export function translateCrf(crf: number, from: VideoCodec, to: VideoCodec): number {
  if (from === to) return crf;
  const here = WORDS.map((word) => VIDEO_CODEC_RULES[from].crf[word]);
  const there = WORDS.map((word) => VIDEO_CODEC_RULES[to].crf[word]);
  const upper = Math.max(
    1,
    Math.min(
      WORDS.length - 1,
      here.findIndex((value) => value >= crf),
    ),
  );
  const i = crf > (here.at(-1) ?? 0) ? WORDS.length - 1 : upper;
  const [a = 0, b = 1, c = 0, d = 1] = [here[i - 1], here[i], there[i - 1], there[i]];
  const translated = Math.round(c + ((crf - a) / (b - a)) * (d - c));
  return Math.min(VIDEO_CODEC_RULES[to].maxCrf, Math.max(0, translated));
}
