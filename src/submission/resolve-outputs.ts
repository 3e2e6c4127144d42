import { type FieldError, MediaError } from "../errors.ts";
import { parseColor } from "../image/color.ts";
import { type ImageFormat, type ImageOutput, imageOutput } from "../image/output.ts";
import { type RenditionSpec, STREAM_FORMATS, type StreamFormat, type VideoOutput } from "../video/output.ts";
import { checkOutput } from "./check-output.ts";
import { isSound } from "./check-tracks.ts";
import { watermarkOf } from "./logos.ts";
import { type NamedSpecification, nameOutputs } from "./name-outputs.ts";
import { type OutputFormat, type OutputSpecification, positionOf } from "./output-specification.ts";
import { PRESETS } from "./presets.ts";
import { qualityOf } from "./quality-field.ts";
import { soundOf, waveformOf } from "./sound-outputs.ts";
import { numberedNames, previewOf, stillsOf, storyboardOf } from "./still-outputs.ts";

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
  if (kind === "video" && named.filter(isStream).length > 1) {
    errors.push({
      path: "output_specifications",
      message: "A job can have one stream; give it more variants, or both manifests with adaptive.",
    });
  }
  refuseClashes(named, errors);
  if (errors.length > 0) throw invalidOutputs(errors);
  return kind === "image"
    ? { kind, outputs: named.map((specification) => imageOutputOf(specification, defaults.logo)) }
    : { kind, outputs: named.flatMap((specification) => videoOutputsOf(specification, defaults.logo)) };
}

function isStream({ format }: NamedSpecification): boolean {
  return STREAM_FORMATS.some((stream) => stream === format);
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

const WHITE = [255, 255, 255, 255] as const;

function imageOutputOf(specification: NamedSpecification, defaultLogo: string | undefined): ImageOutput {
  const isAuto = specification.format === "auto";
  const format = isAuto ? "webp" : (specification.format as ImageFormat);
  const background = specification.background_color && parseColor(specification.background_color);
  return imageOutput.parse({
    name: specification.name,
    format,
    width: specification.width,
    height: specification.height,
    resizeMode: specification.resize_mode ?? "fit",
    allowEnlarge: specification.allow_enlarge ?? false,
    ...positionOf(specification.crop_position ?? "center"),
    interpolation: specification.interpolation,
    sharpen: specification.sharpen_amount,
    background: background || WHITE,
    ...qualityOf(specification.quality, format),
    losslessIfFlat: isAuto || undefined,
    metadata: specification.metadata,
    watermark: specification.watermark && watermarkOf(specification.watermark, defaultLogo),
  });
}

/** x264's constant rate factor for each quality word; 23 is its default. */
const CRF = { low: 28, medium: 25, high: 22, maximum: 18 } as const;

function videoOutputsOf(specification: NamedSpecification, defaultLogo: string | undefined): VideoOutput[] {
  if (specification.waveform) return [waveformOf(specification)];
  if (isSound(specification.format)) return [soundOf(specification)];
  if (isFilm(specification)) return [filmOf(specification)];
  const image = imageOutputOf(specification, defaultLogo);
  if (specification.storyboard) return [storyboardOf(specification, image)];
  if (specification.preview) return [previewOf(specification, image)];
  return stillsOf(specification, image);
}

function isFilm(specification: NamedSpecification): boolean {
  return specification.format === "mp4" || isStream(specification);
}

function filmOf(specification: NamedSpecification): VideoOutput {
  const crf =
    specification.crf ?? (typeof specification.quality === "string" ? CRF[specification.quality] : CRF.high);
  const encoderPreset = specification.encoder_preset ?? "veryfast";
  switch (specification.format) {
    case "mp4":
      return {
        format: "mp4",
        name: specification.name,
        width: specification.width,
        height: specification.height,
        allowEnlarge: specification.allow_enlarge ?? false,
        crf,
        maxVideoKbps: specification.max_bitrate,
        audioKbps: specification.audio_bitrate ?? 128,
        encoderPreset,
      };
    default:
      return {
        format: specification.format as StreamFormat,
        name: specification.name,
        variants: (specification.variants ?? [480, 720]).map(renditionOf),
        segmentSeconds: specification.segment_duration ?? 6,
        crf,
        encoderPreset,
      };
  }
}

/** Notes outputs that are named as one of the numbered files of another will be. */
function refuseClashes(named: readonly NamedSpecification[], errors: FieldError[]): void {
  const numbered = named.map(numberedNames);
  named.forEach(({ name }, index) => {
    const clash = numbered.some(({ fixed, pattern }) => fixed.includes(name) || pattern?.test(name));
    if (!clash) return;
    const message = `Another output of this job has a file ${name}; choose another name.`;
    errors.push({ path: `output_specifications.${index}.name`, message });
  });
  const all = numbered.flatMap(({ fixed }) => fixed);
  if (new Set(all).size === all.length) return;
  errors.push({ path: "output_specifications", message: "Two outputs make files of the same name." });
}

/** Video and audio kbit/s by short side, as players and networks expect them. */
const LADDER_KBPS: readonly [shortSidePx: number, videoKbps: number, audioKbps: number][] = [
  [240, 400, 64],
  [360, 750, 96],
  [480, 1200, 128],
  [720, 2500, 128],
  [1080, 5000, 192],
  [1440, 9000, 192],
  [2160, 16000, 192],
];

function renditionOf(shortSidePx: number): RenditionSpec {
  const [, videoKbps, audioKbps] = LADDER_KBPS.find(([side]) => side >= shortSidePx) ?? [0, 16000, 192];
  return { shortSidePx, videoKbps, audioKbps };
}

function invalidOutputs(errors: FieldError[]): MediaError {
  return new MediaError("invalid_request", "Some output specifications cannot be met; see errors.", {
    errors,
  });
}
