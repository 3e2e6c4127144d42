import { type FieldError, MediaError, toMediaError } from "../errors.ts";
import { parseColor } from "../image/color.ts";
import { type ImageFormat, type ImageOutput, imageOutput } from "../image/output.ts";
import { resolveQuality } from "../image/quality.ts";
import type { RenditionSpec, VideoOutput } from "../video/output.ts";
import { type OutputFormat, type OutputSpecification, positionOf } from "./output-specification.ts";
import { PRESETS } from "./presets.ts";

/** What a job makes, every preset and default resolved. */
export type ResolvedOutputs =
  | { kind: "image"; outputs: ImageOutput[] }
  | { kind: "video"; outputs: VideoOutput[] };

type Specification = OutputSpecification & { format: OutputFormat; name: string };

/**
 * Resolves presets and defaults against the kind of media at hand.
 *
 * @throws MediaError `invalid_request` with the path of every field that does not fit.
 */
export function resolveOutputs(
  specifications: readonly OutputSpecification[],
  kind: "image" | "video",
): ResolvedOutputs {
  const errors: FieldError[] = [];
  const named = nameAll(
    specifications.map((specification, index) => withPreset(specification, index, kind, errors)),
    errors,
  );
  named.forEach((specification, index) => {
    checkCombination(specification, index, kind, errors);
  });
  if (kind === "video" && named.filter((specification) => specification.format === "hls").length > 1) {
    errors.push({
      path: "output_specifications",
      message: "A job can have one hls output; give it more variants.",
    });
  }
  if (errors.length > 0) throw invalidOutputs(errors);
  return kind === "image"
    ? { kind, outputs: named.map((specification) => imageOutputOf(specification)) }
    : { kind, outputs: named.map((specification) => videoOutputOf(specification)) };
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

const EXTENSIONS: Record<OutputFormat, string> = {
  webp: ".webp",
  jpeg: ".jpg",
  png: ".png",
  mp4: ".mp4",
  hls: "",
};

/** Gives every output a name of its own: the one it asks for, or its preset and extension, numbered when taken. */
function nameAll(
  specifications: (OutputSpecification & { format: OutputFormat })[],
  errors: FieldError[],
): Specification[] {
  const taken = new Set<string>();
  specifications.forEach(({ name }, index) => {
    if (name === undefined) return;
    if (taken.has(name)) {
      errors.push({
        path: `output_specifications.${index}.name`,
        message: "Another output of this job has this name.",
      });
    }
    taken.add(name);
  });
  return specifications.map((specification) => {
    if (specification.name !== undefined) return { ...specification, name: specification.name };
    const stem = specification.preset ?? specification.format;
    const extension = EXTENSIONS[specification.format];
    let name = stem + extension;
    for (let n = 2; taken.has(name); n++) name = `${stem}-${n}${extension}`;
    taken.add(name);
    return { ...specification, name };
  });
}

const IMAGE_ONLY = ["crop_position", "background_color"] as const;
const VIDEO_ONLY = [
  "crf",
  "max_bitrate",
  "audio_bitrate",
  "encoder_preset",
  "variants",
  "segment_duration",
] as const;

function checkCombination(
  specification: Specification,
  index: number,
  kind: "image" | "video",
  errors: FieldError[],
): void {
  const { format } = specification;
  const isPicture = format !== "mp4" && format !== "hls";
  const refuse = (field: string, message: string) => {
    errors.push({ path: `output_specifications.${index}.${field}`, message });
  };
  if (kind === "image" && !isPicture) refuse("format", `${format} cannot be made from an image.`);
  if (kind === "image" && specification.thumbnails)
    refuse("thumbnails", "An image has no moments to choose from.");
  for (const field of isPicture ? VIDEO_ONLY : IMAGE_ONLY) {
    if (specification[field] !== undefined) refuse(field, `This does not apply to ${format}.`);
  }
  const mode = specification.resize_mode ?? "fit";
  const bothSides = specification.width !== undefined && specification.height !== undefined;
  if (isPicture && mode !== "fit" && !bothSides)
    refuse("resize_mode", `${mode} needs both width and height.`);
  if (!isPicture && mode !== "fit") refuse("resize_mode", "Video is resized with fit.");
  if (format === "hls" && (specification.width !== undefined || specification.height !== undefined)) {
    refuse("variants", "A stream takes its sizes from variants; leave width and height out.");
  }
  if (format !== "hls") {
    for (const field of ["variants", "segment_duration"] as const) {
      if (isPicture || specification[field] === undefined) continue;
      refuse(field, "This applies to hls only.");
    }
  }
  if (format === "mp4") checkVideoSize(specification, refuse);
  if (specification.background_color !== undefined) checkColor(specification.background_color, refuse);
}

function checkVideoSize(
  specification: Specification,
  refuse: (field: string, message: string) => void,
): void {
  for (const side of ["width", "height"] as const) {
    const px = specification[side];
    if (px !== undefined && (px < 16 || px > 4096)) refuse(side, "A video's side is 16–4096 px.");
  }
}

function checkColor(color: string, refuse: (field: string, message: string) => void): void {
  try {
    parseColor(color);
  } catch (error) {
    refuse("background_color", toMediaError(error).message);
  }
}

const WHITE = [255, 255, 255, 255] as const;

function imageOutputOf(specification: Specification): ImageOutput {
  const format = specification.format as ImageFormat;
  const background = specification.background_color && parseColor(specification.background_color);
  return imageOutput.parse({
    name: specification.name,
    format,
    width: specification.width,
    height: specification.height,
    resizeMode: specification.resize_mode ?? "fit",
    allowEnlarge: specification.allow_enlarge ?? false,
    position: positionOf(specification.crop_position ?? "center"),
    background: background || WHITE,
    quality: resolveQuality(specification.quality, format),
  });
}

/** x264's constant rate factor for each quality word; 23 is its default. */
const CRF = { low: 28, medium: 25, high: 22, maximum: 18 } as const;

function videoOutputOf(specification: Specification): VideoOutput {
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
    case "hls":
      return {
        format: "hls",
        name: specification.name,
        variants: (specification.variants ?? [480, 720]).map(renditionOf),
        segmentSeconds: specification.segment_duration ?? 6,
        crf,
        encoderPreset,
      };
    default:
      return {
        format: "thumbnail",
        name: specification.name,
        atSeconds: specification.thumbnails?.at[0] ?? 1,
        image: imageOutputOf(specification),
      };
  }
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
