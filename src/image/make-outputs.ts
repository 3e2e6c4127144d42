import { type FailureClass, type MediaError, toMediaError } from "../errors.ts";

export interface MadeOutputs<T> {
  made: T[];
  /** What could not be made, in a way that is tolerated. */
  failed: { name: string; error: MediaError }[];
}

/**
 * Makes all outputs at once. When that fails with a class of failure that is tolerated, each is made by itself, and
 * only those that fail again are lost: the outputs share one decode, so together nobody knows which was to blame.
 *
 * @param tolerated classes of failure that cost only the output concerned; none: any failure is everybody's. What is
 *   doubtful is: another decoder is asked first
 * @throws what `make` throws that is not tolerated, and the first failure when no output could be made at all
 */
export async function makeOutputs<O extends { name: string }, T>(
  outputs: readonly O[],
  tolerated: readonly FailureClass[],
  make: (outputs: O[]) => Promise<T[]>,
): Promise<MadeOutputs<T>> {
  const isTolerated = (error: MediaError) => tolerated.includes(error.class) && !error.isDoubtful;
  try {
    return { made: await make([...outputs]), failed: [] };
  } catch (thrown) {
    if (outputs.length === 1 || !isTolerated(toMediaError(thrown))) throw thrown;
  }
  const result: MadeOutputs<T> = { made: [], failed: [] };
  for (const output of outputs) {
    try {
      result.made.push(...(await make([output])));
    } catch (thrown) {
      const error = toMediaError(thrown);
      if (!isTolerated(error)) throw thrown;
      result.failed.push({ name: output.name, error });
    }
  }
  if (result.made.length === 0 && result.failed[0]) throw result.failed[0].error;
  return result;
}
