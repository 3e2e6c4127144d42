import type { Rectangle, Size } from "./geometry.ts";
import { attentionScores } from "./interest/attention.ts";
import { entropyScores } from "./interest/entropy.ts";
import type { Pixels } from "./pixels.ts";

/** How much there is to see in each column and each row of a picture, from the first; in no particular unit. */
export interface Interest {
  columns: number[];
  rows: number[];
}

/** Longest side of the small picture that interest is measured on, px. */
export const INTEREST_SIDE_PX = 96;

const SCORES = { attention: attentionScores, entropy: entropyScores };
export type InterestKind = keyof typeof SCORES;

/**
 * Measures where something is to be seen. One measurement serves every crop of the picture, whatever its shape.
 *
 * @param small the whole picture, no longer than {@link INTEREST_SIDE_PX}
 */
export function measureInterest(small: Pixels, kind: InterestKind): Interest {
  const scores = SCORES[kind](small);
  const columns = new Array<number>(small.width).fill(0);
  const rows = new Array<number>(small.height).fill(0);
  for (const [pixel, score] of scores.entries()) {
    const column = pixel % small.width;
    const row = (pixel - column) / small.width;
    columns[column] = (columns[column] ?? 0) + score;
    rows[row] = (rows[row] ?? 0) + score;
  }
  return { columns, rows };
}

/**
 * Where a crop should lie, as fractions of what is left over on each axis; the centre where nothing stands out.
 *
 * @param whole size of the picture, and `crop` of the window to place in it, px
 */
export function focusOf(interest: Interest, whole: Size, crop: Pick<Rectangle, "width" | "height">) {
  return {
    x: bestPosition(interest.columns, crop.width / whole.width),
    y: bestPosition(interest.rows, crop.height / whole.height),
  };
}

/** A window must hold this much more than the centred one to be preferred to it. */
const LEAST_GAIN = 0.03;

/** Slides a window that covers `share` of the line. What lies in its middle counts most, so that it frames things. */
function bestPosition(line: readonly number[], share: number): number {
  const cells = Math.min(line.length, Math.max(1, Math.round(line.length * share)));
  const places = line.length - cells;
  if (places === 0) return 0.5;
  const scoreAt = (place: number) => {
    let score = 0;
    for (let cell = 0; cell < cells; cell++) {
      const fromMiddle = (2 * (cell + 0.5)) / cells - 1;
      score += (line[place + cell] ?? 0) * (1 - 0.5 * fromMiddle * fromMiddle);
    }
    return score;
  };
  let best = Math.round(places / 2);
  let bestScore = scoreAt(best) * (1 + LEAST_GAIN);
  for (let place = 0; place <= places; place++) {
    const score = scoreAt(place);
    if (score > bestScore) [best, bestScore] = [place, score];
  }
  return best === Math.round(places / 2) ? 0.5 : best / places;
}
