import type { FragmentSample, MediaFragment } from "./media-fragment.ts";

/** A fragment whose decode time is that at which its first frame is shown. */
export interface SettledFragment extends MediaFragment {
  durationTicks: number;
}

/**
 * Puts a fragment on the timeline that all renditions share. Its frames are decoded at the sorted times at which frames
 * are shown, so whatever the reordering, it begins by its decode time too exactly when its first frame is shown. The
 * edit list in the index takes off what frames are shown later than that, the same for every chunk. A fragment is a
 * closed group of pictures, so no frame of another one comes between.
 *
 * @param mediaTime what the edit list takes off, ticks
 * @param endTicks when the next fragment begins; absent, the last frame lasts as long as the encoder says
 */
export function settleFragment(
  fragment: MediaFragment,
  mediaTime: number,
  endTicks?: number,
): SettledFragment {
  const shownAt = shownTimes(fragment, mediaTime);
  const decodedAt = shownAt.toSorted((a, b) => a - b);
  const startTicks = decodedAt[0] ?? fragment.startTicks;
  const end = endTicks ?? Math.max(startTicks, ...shownAt.map((at, i) => at + durationOf(fragment, i)));
  const samples = fragment.samples.map((sample, i): FragmentSample => {
    const at = decodedAt[i] ?? startTicks;
    return {
      ...sample,
      durationTicks: (decodedAt[i + 1] ?? end) - at,
      offsetTicks: (shownAt[i] ?? at) - at + mediaTime,
    };
  });
  return { startTicks, samples, durationTicks: end - startTicks };
}

/** When the fragment's first frame is shown, ticks. */
export function firstShownTicks(fragment: MediaFragment, mediaTime: number): number {
  return Math.min(...shownTimes(fragment, mediaTime));
}

/** When the fragment's last frame is shown, ticks. */
export function lastShownTicks(fragment: MediaFragment, mediaTime: number): number {
  return Math.max(...shownTimes(fragment, mediaTime));
}

function shownTimes({ startTicks, samples }: MediaFragment, mediaTime: number): number[] {
  let decodedAt = startTicks - mediaTime;
  return samples.map(({ durationTicks, offsetTicks }) => {
    const shownAt = decodedAt + offsetTicks;
    decodedAt += durationTicks;
    return shownAt;
  });
}

function durationOf({ samples }: MediaFragment, i: number): number {
  return samples[i]?.durationTicks ?? 0;
}
