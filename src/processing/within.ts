/** Waits for work, but not for ever: `false` when it takes longer. Throws what it throws until then. */
export async function isWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  // What fails after that has nobody left to hear of it.
  work.catch(() => {});
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
