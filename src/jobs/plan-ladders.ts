import type { z } from "@hono/zod-openapi";
import { MediaError } from "../errors.ts";
import { explainLadder, ladderExplanation } from "../video/explain-ladder.ts";
import type { TaskRow } from "./claimed-task.ts";
import { streamSpec } from "./plan-renditions.ts";
import { inSnakeCase, schemaInSnakeCase } from "./snake-case.ts";

export const ladderDocument = schemaInSnakeCase(ladderExplanation).openapi("Ladder");

/** Why each stream of a job has its rungs; the tasks of one stream all plan the same. */
export function describeLadders(tasks: readonly Pick<TaskRow, "spec">[]): z.infer<typeof ladderDocument>[] {
  const streams = new Map<string, ReturnType<typeof explainLadder>>();
  for (const { spec } of tasks) {
    const { data } = streamSpec.safeParse(spec);
    if (data === undefined || streams.has(data.output.name)) continue;
    try {
      streams.set(data.output.name, explainLadder(data.source, data.output));
    } catch (error) {
      // What cannot be planned says so when it is run.
      if (!(error instanceof MediaError)) throw error;
    }
  }
  return [...streams.values()].map(inSnakeCase);
}
