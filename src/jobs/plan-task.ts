import { z } from "@hono/zod-openapi";
import { STAGE_OF_TASK } from "../progress/stages.ts";
import { LANES, SLOT_SIZES, TASK_KINDS, TASK_STATES } from "../schema/tasks.ts";
import { rangeSeconds } from "../video/chunk-plan.ts";
import { fileOutput } from "../video/file-output.ts";
import { planParts } from "../video/file-parts.ts";
import { streamOutput, videoOutput } from "../video/output.ts";
import { segmentRange } from "../video/protocol.ts";
import { taskCommand } from "../video/shown-command.ts";
import { sourceDescription } from "../video/source.ts";
import { commandsOf } from "../video/task-commands.ts";
import type { TaskRow } from "./claimed-task.ts";
import { rendition, renditionsOf } from "./plan-renditions.ts";
import { inSnakeCase, schemaInSnakeCase } from "./snake-case.ts";

const chunkDocument = z.object({
  first_segment: z.int(),
  end_segment: z.int().nullable().openapi({ description: "The first that is not in it; null: to the end" }),
  start: z.number().openapi({ description: "seconds" }),
  duration: z.number().openapi({ description: "seconds" }),
});

const output = schemaInSnakeCase(videoOutput);
const doesDocument = z
  .object({ output: output.optional(), others: z.array(output).optional() })
  .catchall(z.unknown());

export const plannedTask = z.object({
  task_id: z.string(),
  kind: z.enum(TASK_KINDS),
  lane: z.enum(LANES),
  stage: z.string(),
  weight: z.number().openapi({ description: "Share of its stage, relative to its siblings" }),
  state: z.enum(TASK_STATES),
  attempts: z.int(),
  needs: z
    .object({ memory_bytes: z.int(), disk_bytes: z.int(), slot_size: z.enum(SLOT_SIZES) })
    .nullable()
    .openapi({
      description: "What it is expected to hold at its worst moment, and the slot that this takes",
    }),
  depends_on: z.array(z.string()),
  does: doesDocument.openapi({ description: "Its instructions" }),
  chunk: chunkDocument.optional().openapi({ description: "The part of the picture that it encodes" }),
  renditions: z.array(rendition).optional().openapi({ description: "What it encodes, smallest first" }),
  commands: z.array(taskCommand).optional().openapi({
    description:
      "What it runs on the media, in order, with words in braces for what only the machine knows. Left out of a plan of more than 100 tasks: ask for one with `task_id`",
  }),
});
type PlannedTask = z.infer<typeof plannedTask>;

interface Known {
  /** Of the input. */
  learned: unknown;
  tellsCommands: boolean;
}

/** One task of a plan, but for what it waits for. */
export function describeTask(
  task: TaskRow,
  { learned, tellsCommands }: Known,
): Omit<PlannedTask, "depends_on"> {
  return {
    task_id: task.id,
    kind: task.kind,
    lane: task.lane,
    stage: STAGE_OF_TASK[task.kind],
    weight: task.weight,
    state: task.state,
    attempts: task.attempt,
    needs: task.memoryBytes + task.diskBytes === 0 ? null : needsOf(task),
    does: instructionsIn(inSnakeCase(task.spec)) as PlannedTask["does"],
    ...chunkOf(task.spec),
    ...renditionsOf(task),
    ...(tellsCommands && { commands: commandsOf(task.kind, task.spec, learned) }),
  };
}

function needsOf({ memoryBytes, diskBytes, slotSize }: TaskRow) {
  return { memory_bytes: memoryBytes, disk_bytes: diskBytes, slot_size: slotSize };
}

/** The input is described once, for all tasks; where things lie is nobody's business. */
const NOT_SHOWN = /^(source|probe)$|(^|_)(keys?|urls?|tokens?|secrets?|credentials?|passwords?)(_|$)/;

function instructionsIn(spec: unknown): unknown {
  if (Array.isArray(spec)) return spec.map(instructionsIn);
  if (typeof spec !== "object" || spec === null) return spec;
  const shown = Object.entries(spec).filter(([name]) => !NOT_SHOWN.test(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, instructionsIn(value)]));
}

const chunkSpec = z.object({
  source: sourceDescription,
  output: z.union([streamOutput, fileOutput]),
  range: segmentRange,
});

function chunkOf(spec: unknown): { chunk?: z.infer<typeof chunkDocument> } {
  const { data } = chunkSpec.safeParse(spec);
  if (data === undefined) return {};
  const plan = planParts(data.source, data.output);
  const { first, end = null } = data.range;
  return {
    chunk: {
      first_segment: first,
      end_segment: end,
      start: first * plan.grid.segmentSeconds,
      duration: rangeSeconds(data.source, plan, data.range),
    },
  };
}
