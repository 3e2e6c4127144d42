import type { TaskKind } from "../schema/tasks.ts";
import type { TaskOutline } from "./event.ts";
import { STAGE_OF_TASK } from "./stages.ts";

/** A task's row as its job's channel needs to know it. */
export function outlineOf(task: { id: string; kind: TaskKind; weight: number }): TaskOutline {
  return { taskId: task.id, kind: task.kind, stage: STAGE_OF_TASK[task.kind], weight: task.weight };
}
