/** Times steps that follow each other. */
export interface StepClock {
  /** Ends the step before. */
  begin: (step: string) => void;
  /** ms of each step so far; the one that runs ends here. */
  timings: () => Record<string, number>;
}

export function createStepClock(now = () => performance.now()): StepClock {
  const timings: Record<string, number> = {};
  let current: { step: string; since: number } | undefined;
  const end = () => {
    if (current) timings[current.step] = (timings[current.step] ?? 0) + now() - current.since;
  };
  return {
    begin(step) {
      end();
      current = { step, since: now() };
    },
    timings() {
      end();
      current = undefined;
      return timings;
    },
  };
}
