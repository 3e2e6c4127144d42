import { type SourceDescription, UNKNOWN_CODEC } from "./source.ts";

/** Samples that an AAC frame covers, and that the encoder is late by. */
export const AAC_FRAME_SAMPLES = 1024;
const MAX_SAMPLE_RATE = 48_000;

/** The audio of an output: which track, and what it becomes. */
export interface AudioPlan {
  /** Position among the audio tracks of the source. */
  trackIndex: number;
  language?: string;
  /** 1 or 2 */
  channels: number;
  /** Hz */
  sampleRate: number;
  kbps: number;
}

/** The first audio track that can be decoded, as stereo or mono AAC of at most 48 kHz; nothing when there is none. */
export function planAudio(source: SourceDescription, kbps: number): AudioPlan | undefined {
  const trackIndex = source.audio.findIndex((track) => track.codec !== UNKNOWN_CODEC && track.sampleRate > 0);
  const track = source.audio[trackIndex];
  if (track === undefined) return undefined;
  return {
    trackIndex,
    ...(track.language === undefined ? {} : { language: track.language }),
    channels: Math.min(2, Math.max(1, track.channels)),
    sampleRate: encodedSampleRate(track.sampleRate),
    kbps,
  };
}

/**
 * Gaps become silence and the first sample stands at time 0, so that sound stays with the picture whatever the source
 * did with its clock.
 */
export function audioEncoderArgs(plan: AudioPlan, extraFilters: string[] = []): string[] {
  const filters = [`aresample=${plan.sampleRate}:async=1:first_pts=0`, ...extraFilters];
  return [
    ...["-af", filters.join(","), "-c:a", "aac", "-b:a", `${plan.kbps}k`],
    ...["-ac", String(plan.channels), "-ar", String(plan.sampleRate)],
  ];
}

/** 44.1 kHz stays in its family, everything else is 48 kHz: rates that every player and segmenter handles. */
function encodedSampleRate(sourceRate: number): number {
  return sourceRate % 11_025 === 0 ? 44_100 : MAX_SAMPLE_RATE;
}
