import type { ProgressSnapshot } from "../progress/event.ts";

const BAR_CHARACTERS = 24;
const NAME_CHARACTERS = 20;

/** Where the progress of several files is shown. */
export interface ProgressBoard {
  update: (name: string, snapshot: ProgressSnapshot) => void;
  /** The last word on one file. */
  finish: (name: string, words: string) => void;
}

/**
 * Bars that are drawn in place on a terminal; elsewhere one line for each stage of each file, so that a log stays
 * readable.
 */
export function createProgressBoard(names: string[], out: NodeJS.WriteStream): ProgressBoard {
  return out.isTTY ? drawnBoard(names, out) : printedBoard(out);
}

function drawnBoard(names: string[], out: NodeJS.WriteStream): ProgressBoard {
  const lines = new Map(names.map((name) => [name, barLine(name, 0, "sending")]));
  const draw = () => out.write([...lines.values()].map((line) => `\x1b[2K${line}\n`).join(""));
  const redraw = () => {
    out.write(`\x1b[${lines.size}A`);
    draw();
  };
  draw();
  return {
    update: (name, { progress_percentage, current_stage }) => {
      lines.set(name, barLine(name, progress_percentage, stageWords(current_stage)));
      redraw();
    },
    finish: (name, words) => {
      lines.set(name, barLine(name, 100, words));
      redraw();
    },
  };
}

function printedBoard(out: NodeJS.WriteStream): ProgressBoard {
  const shown = new Map<string, string>();
  return {
    update: (name, { progress_percentage, current_stage }) => {
      if (current_stage === null || shown.get(name) === current_stage) return;
      shown.set(name, current_stage);
      out.write(`${name}: ${stageWords(current_stage)} (${Math.floor(progress_percentage)} %)\n`);
    },
    finish: (name, words) => {
      out.write(`${name}: ${words}\n`);
    },
  };
}

function barLine(name: string, percentage: number, words: string): string {
  const full = Math.round((percentage / 100) * BAR_CHARACTERS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CHARACTERS - full);
  const shortened = name.length > NAME_CHARACTERS ? `${name.slice(0, NAME_CHARACTERS - 1)}…` : name;
  return `${shortened.padEnd(NAME_CHARACTERS)} ${bar} ${String(Math.floor(percentage)).padStart(3)} %  ${words}`;
}

const stageWords = (stage: string | null) => stage?.replaceAll("_", " ") ?? "waiting";
