/** One measured figure. `ratio` is ours to the reference's; null where nothing comparable ran on this machine. */
export interface Row {
  case: string;
  metric: string;
  ours: number;
  reference: number | null;
  ratio: number | null;
  goal: number | null;
  better: "lower" | "higher";
}

/** The value below which a share of the values lies, by nearest rank. `share` is 0–1. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[rank] ?? Number.NaN;
}
