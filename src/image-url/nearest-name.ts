/** The known name that is fewest edits away, when that is few enough to be what was meant. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  const lower = written.toLowerCase();
  const ranked = known
    .filter((name) => name.length > 1)
    .map((name) => ({ name, edits: editDistance(lower, name) }))
    .sort((a, b) => a.edits - b.edits);
  const nearest = ranked[0];
  const allowed = Math.max(1, Math.floor(lower.length / 2));
  return nearest !== undefined && nearest.edits <= allowed ? nearest.name : undefined;
}

/** Levenshtein distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
