import { BUDGETS, type Needs } from "../jobs/placement.ts";

/** The plan's figure is that of whole pictures in memory; libvips can do with less, so it never keeps an image out. */
export function imageNeeds(peakBytes: number, inputBytes: number): Needs {
  const most = BUDGETS.large["container-short"];
  return {
    memoryBytes: Math.min(peakBytes, most.memoryBytes),
    diskBytes: Math.min(2 * inputBytes, most.diskBytes),
  };
}
