import { type FieldError, MediaError } from "../errors.ts";
import type { ImageOutput } from "../image/output.ts";
import type { VideoOutput } from "../video/output.ts";
import { checkOutput } from "./check-output.ts";
import { nameOutputs } from "./name-outputs.ts";
import { isStream, type OutputFormat } from "./output/formats.ts";
import { pictureOf } from "./output/resolve-picture.ts";
import { videoOutputsOf } from "./output/resolve-video-output.ts";
import type { OutputSpecification } from "./output-specification.ts";
import { PRESETS } from "./presets.ts";
import { refuseClashes } from "./refuse-clashes.ts";

/** What a job makes, every preset and default resolved. */
export type ResolvedOutputs =
  | { kind: "image"; outputs: ImageOutput[] }
  | { kind: "video"; outputs: VideoOutput[] };

/** What specifications leave open. */
export interface OutputDefaults {
  /** Media id of what watermarks use when they name no logo. */
  logo?: string | undefined;
  /** Of outputs that do not say what metadata they keep. */
  metadata?: OutputSpecification["metadata"];
}

/**
 * Resolves presets and defaults against the kind of media at hand.
 *
 * @throws MediaError `invalid_request` with the path of every field that does not fit.
 */
export function resolveOutputs(
  specifications: readonly OutputSpecification[],
  kind: "image" | "video",
  defaults: OutputDefaults = {},
): ResolvedOutputs {
  const errors: FieldError[] = [];
  const named = nameOutputs(
    specifications.map((specification, index) => ({
      ...(defaults.metadata && { metadata: defaults.metadata }),
      ...withPreset(specification, index, kind, errors),
    })),
    errors,
  );
  named.forEach((specification, index) => {
    checkOutput(specification, index, kind, errors);
  });
  if (kind === "video" && named.filter(({ format }) => isStream(format)).length > 1) {
    errors.push({
      path: "output_specifications",
      message: "A job can have one stream; give it more variants, or both manifests with adaptive.",
    });
  }
  refuseClashes(named, errors);
  if (errors.length > 0) throw invalidOutputs(errors);
  return kind === "image"
    ? { kind, outputs: named.map((specification) => pictureOf(specification, defaults.logo)) }
    : { kind, outputs: named.flatMap((specification) => videoOutputsOf(specification, defaults.logo)) };
}

function withPreset(
  own: OutputSpecification,
  index: number,
  kind: "image" | "video",
  errors: FieldError[],
): OutputSpecification & { format: OutputFormat } {
  const preset =
    own.preset === undefined ? undefined : Object.hasOwn(PRESETS, own.preset) ? PRESETS[own.preset] : null;
  if (preset === null) {
    errors.push({
      path: `output_specifications.${index}.preset`,
      message: `There is no preset ${JSON.stringify(own.preset)}; there are ${Object.keys(PRESETS).join(", ")}.`,
    });
  }
  const format = own.format ?? preset?.specification.format ?? (kind === "image" ? "webp" : "mp4");
  return { ...preset?.specification, ...own, format };
}

function invalidOutputs(errors: FieldError[]): MediaError {
  return new MediaError("invalid_request", "Some output specifications cannot be met; see errors.", {
    errors,
  });
}
