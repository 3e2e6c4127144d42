/** A fraction that was reported, and when, seconds from the start. */
export interface Report {
  atSeconds: number;
  fraction: number;
}

/** From here on a remaining time is worth telling. */
const TOLD_FROM = 0.2;

/**
 * How far off the reports were: the fraction against that of the time that had passed, and the remaining time that
 * follows from it against the true one, both as shares of the whole.
 */
export function progressErrors(reports: readonly Report[], seconds: number) {
  const progress = reports.map(({ atSeconds, fraction }) => Math.abs(fraction - atSeconds / seconds));
  const told = reports.filter(({ fraction }) => fraction >= TOLD_FROM);
  const remaining = told.map(({ atSeconds, fraction }) => {
    const expected = (atSeconds / fraction) * (1 - fraction);
    return Math.abs(expected - (seconds - atSeconds)) / seconds;
  });
  return { progress: mean(progress), remaining: mean(remaining) };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
