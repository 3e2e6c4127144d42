import type { Stretch } from "./analysis-output.ts";

/** The sound is looked at in frames of this length, s. */
const FRAME_SECONDS = 0.02;
/** A second of them makes a window. */
const WINDOW_FRAMES = 50;
/** −50 dBFS: softer than this is silence. */
const SILENCE = 0.00316;
const MIN_SILENCE_SECONDS = 0.5;
/** Of a window's frames with less than half its mean level: between syllables, but seldom in music. */
const SPEECH_LOW_SHARE = 0.25;

export type SoundClass = "speech" | "music" | "silent";

export interface SoundAnalysis {
  silent: Stretch[];
  class: SoundClass;
  figures: {
    /** Share of frames that are silent. */
    silent_share: number;
    /** Mean share of frames far below the level of the second that they lie in. */
    low_energy_share: number;
  };
}

/** Listens to mono 16-bit samples in pieces of any size. */
export function createSoundMeter(sampleRate: number): {
  push: (bytes: Uint8Array) => void;
  finish: () => SoundAnalysis;
} {
  const frameSamples = Math.round(sampleRate * FRAME_SECONDS);
  const levels: number[] = [];
  let [squares, seen] = [0, 0];
  let oddByte: number | undefined;
  const take = (low: number, high: number) => {
    const sample = (((high << 24) >> 16) | low) / 32_768;
    squares += sample * sample;
    seen += 1;
    if (seen < frameSamples) return;
    levels.push(Math.sqrt(squares / seen));
    [squares, seen] = [0, 0];
  };
  return {
    push(bytes) {
      let at = 0;
      if (oddByte !== undefined && bytes.length > 0) {
        take(oddByte, bytes[0] ?? 0);
        oddByte = undefined;
        at = 1;
      }
      for (; at + 1 < bytes.length; at += 2) take(bytes[at] ?? 0, bytes[at + 1] ?? 0);
      if (at < bytes.length) oddByte = bytes[at];
    },
    finish: () => summarize(levels),
  };
}

/**
 * Speech is told from music by its pauses: the share of frames far below the level around them (the low short-time
 * energy ratio of Lu, Zhang and Jiang, 2002). Rapping, drums alone and speech over music fool it.
 */
function summarize(levels: readonly number[]): SoundAnalysis {
  const silentShare = levels.filter((level) => level < SILENCE).length / Math.max(1, levels.length);
  const lowShare = lowEnergyShare(levels);
  const kind = silentShare >= 0.95 ? "silent" : lowShare >= SPEECH_LOW_SHARE ? "speech" : "music";
  return {
    silent: silentStretches(levels),
    class: kind,
    figures: { silent_share: rounded(silentShare), low_energy_share: rounded(lowShare) },
  };
}

function lowEnergyShare(levels: readonly number[]): number {
  const shares: number[] = [];
  for (let from = 0; from < levels.length; from += WINDOW_FRAMES) {
    const window = levels.slice(from, from + WINDOW_FRAMES);
    const mean = window.reduce((sum, level) => sum + level, 0) / window.length;
    if (mean < SILENCE || window.length < WINDOW_FRAMES / 2) continue;
    shares.push(window.filter((level) => level < mean / 2).length / window.length);
  }
  return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
}

function silentStretches(levels: readonly number[]): Stretch[] {
  const found: Stretch[] = [];
  let from: number | undefined;
  for (let i = 0; i <= levels.length; i++) {
    const isSilent = i < levels.length && (levels[i] ?? 1) < SILENCE;
    if (isSilent) from ??= i;
    else if (from !== undefined) {
      if ((i - from) * FRAME_SECONDS >= MIN_SILENCE_SECONDS) {
        found.push({ start: rounded(from * FRAME_SECONDS), end: rounded(i * FRAME_SECONDS) });
      }
      from = undefined;
    }
  }
  return found;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
