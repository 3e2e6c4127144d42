import { MediaError } from "../errors.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import { readTasks } from "../jobs/store/read-jobs.ts";
import { STAGE_OF_TASK, type StageName } from "../progress/stages.ts";
import type { VideoOutput } from "../video/output.ts";
import type { SourceDescription } from "../video/source.ts";
import type { FailedOutput } from "./conclude.ts";
import { type PlannedVideo, type Planning, planVideoTasks } from "./plan-video.ts";

interface PlannedPossible extends PlannedVideo {
  /** The outputs that the new tasks are there for. */
  outputs: VideoOutput[];
  /** The outputs that this source does not allow. */
  impossible: FailedOutput[];
}

/**
 * As {@link planVideoTasks}; where the job allows partial results, an output that its source does not allow costs only
 * itself. In another run of the job only those outputs are planned that no task is there for.
 *
 * @throws MediaError as `planVideoTasks` does, of the first output, when none is possible
 */
export async function planPossible(
  d1: D1Database,
  { job, task }: ClaimedTask,
  source: SourceDescription,
  outputs: readonly VideoOutput[],
  planning: Planning,
): Promise<PlannedPossible> {
  const planned = job.run === 1 ? new Set() : await plannedNames(d1, job.id, task.id);
  const obstacles = job.allowPartial
    ? outputs.flatMap((output) => obstacleTo(output, () => planVideoTasks(source, [output], job, planning)))
    : [];
  const [first] = obstacles;
  if (first && obstacles.length === outputs.length) throw first.error;
  const hindered = new Set(obstacles.map(({ name }) => name));
  const possible = outputs.filter(({ name }) => !hindered.has(name));
  const isNew = ({ name }: { name: string }) => !planned.has(name);
  const unplanned = possible.filter(isNew);
  // The stages are those of the whole job, whichever run a part of it was planned in.
  const whole = planVideoTasks(source, possible, job, planning);
  const stages = obstacles.length === 0 ? whole.stages : stagesLeft(whole);
  const { newTasks, newDependencies } = planVideoTasks(source, unplanned, job, planning);
  return { newTasks, newDependencies, stages, outputs: unplanned, impossible: obstacles.filter(isNew) };
}

/** Without those that only the impossible outputs would have had. */
function stagesLeft({ stages, newTasks }: PlannedVideo): StageName[] {
  const had = new Set<StageName>(newTasks.map(({ kind }) => STAGE_OF_TASK[kind]));
  return stages.filter((stage) => had.has(stage) || OF_EVERY_JOB.has(stage));
}

const OF_EVERY_JOB = new Set<StageName>(["fetching", "analysis", "finalization"]);

/** The outputs that tasks of the job are there for, beside the one that plans. */
async function plannedNames(d1: D1Database, jobId: string, probeId: string): Promise<Set<string>> {
  const others = (await readTasks(d1, jobId)).filter(({ id }) => id !== probeId);
  return new Set(others.flatMap(({ outputNames }) => outputNames));
}

function obstacleTo({ name }: VideoOutput, plan: () => unknown): FailedOutput[] {
  try {
    plan();
    return [];
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    return [{ name, error }];
  }
}
