/**
 * The `Server-Timing` of one answer (W3C Server Timing §4): where it came from, and what took how long. The deployed
 * runtime's clock stands still while it computes, so steps that only compute are told only where they took time.
 *
 * @param timings ms of each step
 * @param totalMs from the first look into the cache
 */
export function serverTiming(
  cache: string,
  timings: Readonly<Record<string, number>>,
  totalMs: number,
): string {
  const steps = Object.entries({ ...timings, total: totalMs })
    .filter(([, ms]) => ms > 0)
    .map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`);
  return [`cache;desc=${cache}`, ...steps].join(", ");
}
