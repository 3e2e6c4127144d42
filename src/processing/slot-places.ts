/** A place that a task holds while it runs. */
export interface Place {
  /** Gives the place back; `true` when an offer was refused in the meantime, so that somebody should offer again. */
  release(): boolean;
}

/** The places of one lane in a slot. An offer that finds none is remembered: its ticket is spent all the same. */
export function createPlaces(capacity: number): { take(): Place | undefined } {
  let taken = 0;
  let refused = false;
  return {
    take() {
      if (taken === capacity) {
        refused = true;
        return undefined;
      }
      taken++;
      return {
        release() {
          taken--;
          const wasRefused = refused;
          refused = false;
          return wasRefused;
        },
      };
    },
  };
}
