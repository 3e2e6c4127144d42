import { configOf, type Env } from "../config.ts";
import { type FieldError, MediaError } from "../errors.ts";
import type { LogoHeaders } from "../image/plan-logo.ts";
import { WATERMARK_DEFAULTS, type Watermark } from "../image/watermark.ts";
import type { MediaRecord } from "../media/record.ts";
import { readPublishedMedia } from "../media/store.ts";
import { logoHeaders } from "../processing/logos.ts";
import type { PlannedStep } from "../processing/planned-step.ts";
import { positionOf } from "./output/crop-position.ts";
import { DEFAULT_LOGO, type WatermarkSpecification } from "./output/watermark-specification.ts";
import type { ResolvedOutputs } from "./resolve-outputs.ts";

/**
 * A watermark with every default filled in.
 *
 * @param defaultLogo media id of the deployment's own logo, when it has one
 */
export function watermarkOf(
  specification: WatermarkSpecification,
  defaultLogo: string | undefined,
): Watermark {
  const { media_id, position, ...rest } = specification;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...WATERMARK_DEFAULTS,
    ...given,
    ...(position && { position: positionOf(position).position }),
    // A word that is no id is not found, and refused with all that are not.
    mediaId: media_id === DEFAULT_LOGO ? (defaultLogo ?? DEFAULT_LOGO) : media_id,
  };
}

/**
 * What a plan needs to know of the logos that outputs are marked with. Logos are pictures of the same owner, or the
 * deployment's own.
 *
 * @throws MediaError `invalid_request` with the path of every logo that may not be used
 */
export async function requireLogos(
  env: Env,
  owner: string,
  resolved: ResolvedOutputs,
  steps: readonly PlannedStep[] = [],
): Promise<LogoHeaders> {
  const errors: FieldError[] = [];
  const found = new Map<string, MediaRecord>();
  for (const { id, path } of [...logosOfOutputs(resolved), ...logosOfSteps(steps)]) {
    if (found.has(id)) continue;
    const logo = await readPublishedMedia(env.DB, id);
    if (logo && isUsable(env, owner, logo)) found.set(id, logo);
    else errors.push({ path: `${path}.watermark.media_id`, message: problemOf(id) });
  }
  if (errors.length === 0) return logoHeaders([...found.values()]);
  throw new MediaError("invalid_request", "Some watermarks cannot be made; see errors.", { errors });
}

interface NamedLogo {
  id: string;
  /** Where the request names it. */
  path: string;
}

function logosOfOutputs(resolved: ResolvedOutputs): NamedLogo[] {
  return resolved.outputs.flatMap((output, index) => {
    const picture = "image" in output ? output.image : output;
    const id = "watermark" in picture ? picture.watermark?.mediaId : undefined;
    return id === undefined ? [] : { id, path: `output_specifications.${index}` };
  });
}

function logosOfSteps(steps: readonly PlannedStep[]): NamedLogo[] {
  return steps.flatMap((step, index) =>
    "watermark" in step ? { id: step.watermark.mediaId, path: `steps.${index}` } : [],
  );
}

function isUsable(env: Env, owner: string, logo: MediaRecord): boolean {
  return logo.kind === "image" && (logo.owner === owner || logo.id === configOf(env).watermarkLogo);
}

function problemOf(id: string): string {
  return id === DEFAULT_LOGO
    ? "This service has no logo of its own; name a stored picture."
    : `There is no stored picture ${JSON.stringify(id)}.`;
}
