import { configOf, type Env } from "../config.ts";
import { newId } from "../id.ts";
import type { ClaimedTask, TaskRow } from "../jobs/claimed-task.ts";
import { recordMetadata } from "../media/store.ts";
import { STREAM_FORMATS, type VideoOutput } from "../video/output.ts";
import type { TaskResult } from "../video/protocol.ts";
import { notesOnSubtitles } from "../video/subtitles.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import { addSteps } from "./add-steps.ts";
import type { FailedOutput, TaskOutcome } from "./conclude.ts";
import { planPossible } from "./plan-possible.ts";
import { namesOfChain, planSteps } from "./plan-steps.ts";
import { videoStepOutputs } from "./step-outputs.ts";
import { TASK_SPECS } from "./task-spec.ts";

type Probed = Extract<TaskResult, { kind: "probe" }>;

/** What follows from knowing a video: its media is ready, and the job is planned, chained work and all. */
export async function outcomeOfProbe(env: Env, claimed: ClaimedTask, result: Probed): Promise<TaskOutcome> {
  const { source } = result;
  const { outputs, steps } = TASK_SPECS.probe.parse(claimed.task.spec);
  const nowMs = Date.now();
  await recordMetadata(env.DB, claimed.media.id, source, claimed.job.requestId, nowMs);
  await dispatchEvents(env, [claimed.media.id], nowMs);
  const planning = { chunkSeconds: configOf(env).chunkSeconds, nowMs };
  const plan = await planPossible(env.DB, claimed, source, outputs, planning);
  const madeBy = chainsBegin(plan.newTasks, claimed.job.allowPartial);
  const chained = planSteps(steps, videoStepOutputs(source, plan.outputs), madeBy, () =>
    newId("task", nowMs),
  );
  const { newTasks, newDependencies } = addSteps(plan, chained, claimed.job, nowMs);
  const notes = plan.outputs.some(isStream) ? notesOnSubtitles(source) : [];
  const stepped = videoStepOutputs(source, outputs);
  const failedOutputs = plan.impossible.flatMap(({ name, error }): FailedOutput[] => {
    const chain = stepped.filter((output) => output.name === name);
    return [name, ...chain.flatMap((output) => namesOfChain(steps, output))].map((each) => ({
      name: each,
      error,
    }));
  });
  return { result, files: [], notes, newTasks, newDependencies, stages: plan.stages, failedOutputs };
}

/** Chained work begins when every output is made; a job that goes on without some of them, with each as it is made. */
function chainsBegin(makers: readonly TaskRow[], allowPartial: boolean) {
  return (name: string) =>
    makers.filter((task) => !allowPartial || task.outputNames.includes(name)).map(({ id }) => id);
}

function isStream({ format }: VideoOutput): boolean {
  return (STREAM_FORMATS as readonly string[]).includes(format);
}
