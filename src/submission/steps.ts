import { z } from "@hono/zod-openapi";
import { configOf, type Env, LIMITS } from "../config.ts";
import { type FieldError, MediaError } from "../errors.ts";
import { markedName } from "../processing/plan-steps.ts";
import type { PlannedStep } from "../processing/planned-step.ts";
import { findDestination } from "../shipping/destinations.ts";
import { isFileOutput } from "../video/file-output.ts";
import { watermarkOf } from "./logos.ts";
import { watermarkSpecification } from "./output/watermark-specification.ts";
import { PRESETS } from "./presets.ts";
import type { ResolvedOutputs } from "./resolve-outputs.ts";

/** What is done with the outputs of a job, one after the other; each step takes what the one before it made. */
export const stepSpecifications = z
  .array(
    z
      .union([
        z.strictObject({ watermark: watermarkSpecification }),
        z.strictObject({
          ship: z.strictObject({
            destination: z.string().min(1).max(64).openapi({ description: "Id or name of a destination" }),
          }),
        }),
      ])
      .openapi("Step"),
  )
  .max(LIMITS.maxSteps);
export type StepSpecification = z.infer<typeof stepSpecifications>[number];

/** The steps that a job has: its own, or those of the presets that its outputs name. */
export function stepsOf(
  own: readonly StepSpecification[] | undefined,
  outputs: readonly { preset?: string }[],
): StepSpecification[] {
  if (own) return [...own];
  const presets = new Set(outputs.flatMap(({ preset }) => preset ?? []));
  return [...presets].flatMap((name) => (Object.hasOwn(PRESETS, name) ? (PRESETS[name]?.steps ?? []) : []));
}

/**
 * The steps with every name looked up and every default filled in; whose the logos may be is for `requireLogos`.
 *
 * @throws MediaError `invalid_request` with the path of every step that cannot be done
 */
export async function resolveSteps(
  env: Env,
  owner: string,
  steps: readonly StepSpecification[],
  resolved: ResolvedOutputs,
): Promise<PlannedStep[]> {
  const errors: FieldError[] = [];
  const planned: PlannedStep[] = [];
  let names: { name: string; canBeMarked: boolean }[] = resolved.outputs.map((output) => ({
    name: output.name,
    canBeMarked: resolved.kind === "image" || output.format === "thumbnail" || isFileOutput(output),
  }));
  const taken = new Set(names.map(({ name }) => name));
  for (const [index, step] of steps.entries()) {
    if ("ship" in step) {
      const locked = resolved.outputs.find((output) => "encryption" in output && output.encryption);
      if (locked) errors.push(keysStay(index, locked.name));
      const found = await findDestination(env.DB, owner, step.ship.destination);
      if (found) planned.push({ ship: { destinationId: found.id, destinationName: found.name } });
      else errors.push(noDestination(index, step.ship.destination));
      continue;
    }
    planned.push({ watermark: watermarkOf(step.watermark, configOf(env).watermarkLogo) });
    const problem = problemOfMarking(names, taken);
    if (problem) errors.push({ path: `steps.${index}.watermark`, message: problem });
    names = names.map(({ name }) => ({ name: markedName(name), canBeMarked: false }));
    for (const { name } of names) taken.add(name);
  }
  if (errors.length === 0) return planned;
  throw new MediaError("invalid_request", "Some steps cannot be done; see errors.", { errors });
}

function problemOfMarking(
  outputs: readonly { name: string; canBeMarked: boolean }[],
  taken: ReadonlySet<string>,
): string | undefined {
  const other = outputs.find(({ canBeMarked }) => !canBeMarked);
  if (other?.name.startsWith(markedName(""))) return "The outputs are marked already.";
  if (other)
    return `${other.name} can have no logo laid over it here; pictures and video files can, and streams by their own watermark.`;
  const clash = outputs.map(({ name }) => markedName(name)).find((name) => taken.has(name));
  return clash && `There is an output named ${clash} already.`;
}

/** A copy elsewhere would name keys that are only here. */
function keysStay(index: number, name: string): FieldError {
  return {
    path: `steps.${index}.ship`,
    message: `${name} is encrypted and its keys stay here: leave out encryption, or do not ship.`,
  };
}

function noDestination(index: number, name: string): FieldError {
  return {
    path: `steps.${index}.ship.destination`,
    message: `There is no destination ${JSON.stringify(name)}; register it at /v1/destinations.`,
  };
}
