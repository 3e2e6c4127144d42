/** How a task of several outputs deals with some of them failing, where its job allows that. */
import { FAILURE_CLASSES, type FailureClass } from "../errors.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import { decideRetry } from "../jobs/retry-policy.ts";
import { readOutputNames } from "../jobs/store/read-jobs.ts";

/** Classes of failure that would end this task: by now they cost only the output concerned. None unless allowed. */
export function toleratedClasses({ task, job }: ClaimedTask): FailureClass[] {
  if (!job.allowPartial) return [];
  return FAILURE_CLASSES.filter((each) => {
    return !decideRetry(each, task, job.priority, 0, { kind: task.kind }).retry;
  });
}

/** The outputs that a task still has to make: an earlier run of its job may have made some. */
export async function outputsToMake<O extends { name: string }>(
  d1: D1Database,
  { job }: ClaimedTask,
  outputs: readonly O[],
): Promise<O[]> {
  if (job.run === 1) return [...outputs];
  const made = new Set(await readOutputNames(d1, job.id));
  return outputs.filter((output) => !made.has(output.name));
}
