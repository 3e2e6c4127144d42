/**
 * A derivative that had to do without something for now, such as the faces that only a container finds: it is served for
 * a short time and then made again.
 */

/** How long one is good enough, ms. */
const MAKESHIFT_MS = 60_000;

/** The custom metadata of R2 that says so. */
const NAME = "makeshift-until";

export function makeshiftMetadata(nowMs: number): Record<string, string> {
  return { [NAME]: String(nowMs + MAKESHIFT_MS) };
}

export function isMakeshift({ customMetadata }: Pick<R2Object, "customMetadata">): boolean {
  return customMetadata?.[NAME] !== undefined;
}

/** Whether it is time to make it again. */
export function isOutlived({ customMetadata }: Pick<R2Object, "customMetadata">, nowMs: number): boolean {
  const until = customMetadata?.[NAME];
  return until !== undefined && Number(until) <= nowMs;
}
