import { differenceOf, type FrameLook } from "./frame-look.ts";

/** Frames darker, brighter or flatter than this show nothing: fades, flashes, title cards without a title. */
const MIN_BRIGHTNESS = 28;
const MAX_BRIGHTNESS = 232;
const MIN_CONTRAST = 10;
/** A frame with less of the sharpest frame's sharpness counts as blurred. */
const MIN_SHARPNESS_SHARE = 0.08;
/** Frames that differ by less are taken for the same scene. */
const SAME_SCENE = 0.2;

/** What each quality of a frame counts. */
const WEIGHTS = { sharpness: 0.5, contrast: 0.2, exposure: 0.15, typical: 0.15 };

/**
 * The moments of the frames that stand best for the video, in the order of the video. The first to be chosen is sharp,
 * well exposed and from a scene that lasts; each further one is also unlike and far from those before. Black, blank and
 * blurred frames come only when there is nothing else.
 *
 * @param looks candidates in the order of the video
 * @param count at most so many; fewer when there are fewer candidates
 */
export function pickBestFrames(looks: readonly FrameLook[], count: number): FrameLook[] {
  const sharpest = Math.max(1, ...looks.map((look) => look.sharpness));
  const scored = looks.map((look) => ({ look, score: scoreOf(look, looks, sharpest) }));
  const chosen: FrameLook[] = [];
  const spacing = spanOf(looks) / Math.max(1, count);
  while (chosen.length < Math.min(count, looks.length)) {
    const left = scored.filter(({ look }) => !chosen.includes(look));
    const worth = left.map(({ look, score }) => ({ look, worth: score * noveltyOf(look, chosen, spacing) }));
    const best = worth.reduce((a, b) => (b.worth > a.worth ? b : a));
    chosen.push(best.look);
  }
  return chosen.toSorted((a, b) => a.atSeconds - b.atSeconds);
}

/** Whether a frame shows something. */
export function isShowable({ brightness, contrast }: FrameLook): boolean {
  return brightness >= MIN_BRIGHTNESS && brightness <= MAX_BRIGHTNESS && contrast >= MIN_CONTRAST;
}

function scoreOf(look: FrameLook, looks: readonly FrameLook[], sharpest: number): number {
  const sharpness = Math.log1p(look.sharpness) / Math.log1p(sharpest);
  const exposure = 1 - Math.abs(look.brightness - 118) / 137;
  const alike = looks.filter((other) => differenceOf(look, other) < SAME_SCENE).length;
  const score =
    WEIGHTS.sharpness * sharpness +
    WEIGHTS.contrast * Math.min(1, look.contrast / 60) +
    WEIGHTS.exposure * exposure +
    WEIGHTS.typical * (alike / looks.length);
  const isSharp = look.sharpness >= sharpest * MIN_SHARPNESS_SHARE;
  return score * (isShowable(look) ? 1 : 0.01) * (isSharp ? 1 : 0.2);
}

/** From nearly 0 for what is shown already to 1 for another scene at another time. */
function noveltyOf(look: FrameLook, chosen: readonly FrameLook[], spacing: number): number {
  const distances = chosen.map((other) => {
    const apart = spacing === 0 ? 1 : Math.min(1, Math.abs(look.atSeconds - other.atSeconds) / spacing);
    return 0.05 + 0.5 * Math.min(1, differenceOf(look, other) / 0.5) + 0.45 * apart;
  });
  return Math.min(1, ...distances);
}

function spanOf(looks: readonly FrameLook[]): number {
  return (looks.at(-1)?.atSeconds ?? 0) - (looks[0]?.atSeconds ?? 0);
}
