import { formatCueTime } from "./web-vtt.ts";

export interface CleanVtt {
  text: string;
  cues: number;
  /** Something was left out, because there was more than anybody reads. */
  isCut: boolean;
}

interface Cue {
  startSeconds: number;
  endSeconds: number;
  text: string;
}

/** A word a second for a day. */
const MAX_CUES = 90_000;
const MAX_CUE_CHARACTERS = 2000;
const TIMING = /^((?:\d+:)?\d{2}:\d{2}\.\d{3}) --> ((?:\d+:)?\d{2}:\d{2}\.\d{3})/;
/** Where the times of WebVTT lie on those of the segments, which begin at 0 (RFC 8216 §3.5). */
const HEADER = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n";

/**
 * WebVTT as ffmpeg wrote it, as it may be shown to anybody: cues in order, within the video, of plain text with bold,
 * italic and underlined words. All other markup is text, styles and notes are gone.
 *
 * @param startSeconds what the file calls the time at which the stream begins
 * @param durationSeconds of the video; cues end with it
 */
export function cleanVtt(vtt: string, startSeconds: number, durationSeconds: number): CleanVtt {
  const all = cuesIn(vtt)
    .map((cue) => within(cue, startSeconds, durationSeconds))
    .filter(({ startSeconds: from, endSeconds, text }) => from < endSeconds && text !== "")
    .toSorted((a, b) => a.startSeconds - b.startSeconds);
  const cues = all.slice(0, MAX_CUES);
  const written = cues.map(
    (cue) => `\n${formatCueTime(cue.startSeconds)} --> ${formatCueTime(cue.endSeconds)}\n${cue.text}\n`,
  );
  return { text: HEADER + written.join(""), cues: cues.length, isCut: all.length > cues.length };
}

/** Blocks with a line of times in front; anything else in the file is none. */
function cuesIn(vtt: string): Cue[] {
  const blocks = vtt
    .replaceAll("\r\n", "\n")
    .replaceAll("\r", "\n")
    .split(/\n{2,}/);
  return blocks.flatMap((block) => {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMING.test(line));
    const [, start = "", end = ""] = TIMING.exec(lines[at] ?? "") ?? [];
    if (at < 0) return [];
    const text = plainText(lines.slice(at + 1).join("\n"));
    return [{ startSeconds: secondsOf(start), endSeconds: secondsOf(end), text }];
  });
}

function secondsOf(time: string): number {
  return time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

function within(cue: Cue, startSeconds: number, durationSeconds: number): Cue {
  return {
    text: cue.text,
    startSeconds: Math.max(0, cue.startSeconds - startSeconds),
    endSeconds: Math.min(durationSeconds, cue.endSeconds - startSeconds),
  };
}

/** No control characters, no blank lines (they would end the cue), no markup but `<b>`, `<i>`, `<u>`. */
function plainText(text: string): string {
  return (
    text
      .slice(0, MAX_CUE_CHARACTERS)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f\u2028\u2029\ufeff]/g, "")
      .replace(/&(?!(?:amp|lt|gt|nbsp|lrm|rlm);)/g, "&amp;")
      .replace(/<(?!\/?[biu]>)/g, "&lt;")
      .replaceAll("-->", "--&gt;")
      .split("\n")
      .filter((line) => line.trim() !== "")
      .join("\n")
  );
}
