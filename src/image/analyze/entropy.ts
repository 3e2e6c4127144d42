/** Shannon entropy of values 0–255 in as many levels, bit. */
export function entropyOf(values: ArrayLike<number>, levels = 256): number {
  const counts = new Uint32Array(levels);
  for (let at = 0; at < values.length; at++) {
    const level = Math.min(levels - 1, Math.floor(((values[at] ?? 0) * levels) / 256));
    counts[level] = (counts[level] ?? 0) + 1;
  }
  return counts.reduce((sum, count) => {
    const share = count / values.length;
    return share === 0 ? sum : sum - share * Math.log2(share);
  }, 0);
}
