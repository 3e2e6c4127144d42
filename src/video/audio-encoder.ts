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
  return planAudioTracks(source, kbps)[0];
}

/** Every audio track that can be decoded, in the order of the source. */
export function planAudioTracks(source: SourceDescription, kbps: number): AudioPlan[] {
  return source.audio.flatMap((track, trackIndex) => {
    if (track.codec === UNKNOWN_CODEC || track.sampleRate <= 0) return [];
    const plan: AudioPlan = {
      trackIndex,
      ...(track.language === undefined ? {} : { language: track.language }),
      channels: Math.min(2, Math.max(1, track.channels)),
      sampleRate: encodedSampleRate(track.sampleRate),
      kbps,
    };
    return [plan];
  });
}

/** Around the filter that lays samples out by their times. */
interface ExtraFilters {
  before: string[];
  after: string[];
}

/**
 * Gaps become silence and the first sample stands at time 0, so that sound stays with the picture whatever the source
 * did with its clock.
 */
export function audioEncoderArgs(plan: AudioPlan, extra: ExtraFilters = { before: [], after: [] }): string[] {
  const filters = [...extra.before, `aresample=${plan.sampleRate}:async=1:first_pts=0`, ...extra.after];
  return [
    ...["-af", filters.join(","), "-c:a", "aac", "-b:a", `${plan.kbps}k`],
    ...["-ac", String(plan.channels), "-ar", String(plan.sampleRate)],
  ];
}

/** 44.1 kHz stays in its family, everything else is 48 kHz: rates that every player and segmenter handles. */
function encodedSampleRate(sourceRate: number): number {
  return sourceRate % 11_025 === 0 ? 44_100 : MAX_SAMPLE_RATE;
}
