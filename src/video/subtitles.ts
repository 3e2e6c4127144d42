import { z } from "zod";
import { type FfmpegSetting, FILE_TIMES_ARGS, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import { languageTag, type SourceDescription } from "./source.ts";

/** One track of words, as WebVTT: a file of its own for the whole stream. */
export const subtitleTrack = z.object({
  id: z.string(),
  path: z.string(),
  bytes: z.int().positive(),
  cues: z.int().nonnegative(),
  language: languageTag.optional(),
  /** Shown to everybody: what signs say, and foreign tongues. */
  forced: z.boolean(),
  /** Shown unless the viewer says otherwise; one track at most. */
  isDefault: z.boolean(),
});
export type SubtitleTrack = z.infer<typeof subtitleTrack>;

/** A track of the source that holds text, and what becomes of it. */
export interface SubtitlePlan extends Pick<SubtitleTrack, "id" | "language" | "forced" | "isDefault"> {
  /** Position among the subtitle tracks of the source. */
  trackIndex: number;
}

/** Codecs of text, by ffmpeg's names; all others are pictures of words, or nothing that can be read. */
const TEXT_CODECS = new Set([
  "subrip",
  "srt",
  "ass",
  "ssa",
  "mov_text",
  "webvtt",
  "text",
  "sami",
  "subviewer",
]);
/** More than any film has. */
const MAX_TRACKS = 40;

/** The tracks of the source that become WebVTT, in its order. */
export function planSubtitles({ subtitles }: SourceDescription): SubtitlePlan[] {
  const textual = subtitles.flatMap((track, trackIndex) =>
    TEXT_CODECS.has(track.codec) ? [{ ...track, trackIndex }] : [],
  );
  const preferred = textual.findIndex((track) => track.isDefault === true && track.forced !== true);
  return textual.slice(0, MAX_TRACKS).map(({ trackIndex, language, forced = false }, i) => ({
    trackIndex,
    id: i === 0 ? "subtitles" : `subtitles-${i + 1}`,
    ...(language === undefined ? {} : { language }),
    forced,
    isDefault: i === preferred,
  }));
}

/** What a stream goes without, in words for its owner. */
export function notesOnSubtitles({ subtitles }: SourceDescription): string[] {
  const pictures = subtitles.filter(({ codec }) => !TEXT_CODECS.has(codec));
  return pictures.map(({ codec, language }) => {
    const which = language === undefined ? codec : `${codec}, ${language}`;
    return `A subtitle track (${which}) holds no text that could be converted, and is left out of the stream.`;
  });
}

/** Arguments that write each track as WebVTT into its own pipe, from `pipe:3` on, with the times of the file. */
export function subtitleArgs(plans: readonly SubtitlePlan[], setting: FfmpegSetting): string[] {
  const tracks = plans.flatMap(({ trackIndex }, i) => [
    ...["-map", `0:s:${trackIndex}`, "-c:s", "webvtt", "-map_metadata", "-1", "-map_chapters", "-1"],
    ...["-f", "webvtt", `pipe:${3 + i}`],
  ]);
  return [...globalArgs(setting), ...FILE_TIMES_ARGS, ...inputArgs(setting), ...tracks];
}
