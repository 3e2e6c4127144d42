import type { Stretch } from "./analysis-output.ts";

/** A frame that differs from the one before by less than this (percent of full scale) stands still. */
const STILL = 0.05;
/** Shots shorter than this are flashes, s. */
const MIN_SHOT_SECONDS = 0.4;
/** Nobody cuts more; what has more is noise. */
const MAX_SHOTS = 5_000;

/** Shares and means behind the class of a picture. */
export interface PictureFigures {
  frames: number;
  /** Share of frames that are the same as the one before. */
  still_share: number;
  /** Mean absolute difference of frames that follow each other, percent of full scale. */
  motion: number;
  shots_per_minute: number;
}

export type ContentClass = "screencast" | "talking_head" | "motion";

export interface PictureAnalysis {
  shots: Stretch[];
  black: Stretch[];
  content: { class: ContentClass; figures: PictureFigures };
}

/** Reads what ffmpeg's `metadata=print` says of each frame (`scdet`, `blackdetect`), in pieces of any size. */
export function createPictureMeter(): {
  push: (text: string) => void;
  finish: (durationSeconds: number) => PictureAnalysis;
} {
  let unread = "";
  let [frames, still, motion] = [0, 0, 0];
  const cuts: number[] = [];
  const black: Stretch[] = [];
  let blackFrom: number | undefined;
  const read = (line: string) => {
    const [key = "", text = ""] = line.split("=");
    const value = Number(text);
    if (line.startsWith("frame:")) frames += 1;
    if (key === "lavfi.scd.mafd" && frames > 1) {
      motion += value;
      if (value < STILL) still += 1;
    }
    if (key === "lavfi.scd.time" && cuts.length < MAX_SHOTS) cuts.push(value);
    if (key === "lavfi.black_start") blackFrom = value;
    if (key === "lavfi.black_end" && blackFrom !== undefined) {
      black.push({ start: blackFrom, end: value });
      blackFrom = undefined;
    }
  };
  return {
    push(text) {
      const lines = (unread + text).split("\n");
      unread = lines.pop() ?? "";
      lines.forEach(read);
    },
    finish(durationSeconds) {
      if (blackFrom !== undefined) black.push({ start: blackFrom, end: durationSeconds });
      const shots = shotsBetween(cuts, durationSeconds);
      const pairs = Math.max(1, frames - 1);
      const figures = {
        frames,
        still_share: rounded(still / pairs),
        motion: rounded(motion / pairs),
        shots_per_minute: rounded(((shots.length - 1) * 60) / Math.max(1, durationSeconds)),
      };
      return { shots, black, content: { class: classOf(figures), figures } };
    },
  };
}

/**
 * A rule of thumb that looks at movement alone: a screen stands still most of the time; a person who talks moves a
 * little, and is seldom cut away from. No text and no face is looked for, so a slide show counts as a screencast and a
 * calm landscape as a talking head.
 */
function classOf({ still_share, motion, shots_per_minute }: PictureFigures): ContentClass {
  if (still_share >= 0.6) return "screencast";
  return motion < 2 && shots_per_minute <= 6 ? "talking_head" : "motion";
}

function shotsBetween(cuts: readonly number[], end: number): Stretch[] {
  const starts = [0];
  for (const cut of cuts) {
    if (cut - (starts.at(-1) ?? 0) >= MIN_SHOT_SECONDS && end - cut >= MIN_SHOT_SECONDS) starts.push(cut);
  }
  return starts.map((start, i) => ({ start, end: starts[i + 1] ?? end }));
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
