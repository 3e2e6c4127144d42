import { type FieldError, toMediaError } from "../errors.ts";
import { parseColor } from "../image/color.ts";
import { STREAM_FORMATS } from "../video/output.ts";
import { SOUND_FORMATS } from "../video/sound-output.ts";
import { checkTracks } from "./check-tracks.ts";
import type { NamedSpecification } from "./name-outputs.ts";
import type { OutputFormat, OutputSpecification } from "./output-specification.ts";
import { isTarget } from "./quality-field.ts";

const PICTURES = ["auto", "webp", "jpeg", "png", "avif"] as const;
const SIZED = [...PICTURES, "svg", "mp4"] as const;
const STREAMS = STREAM_FORMATS;
const VIDEOS = ["mp4", ...STREAMS] as const;

/** The formats that a field means something for; fields that are not here go with all. */
const APPLIES_TO: Partial<Record<keyof OutputSpecification, readonly OutputFormat[]>> = {
  width: SIZED,
  height: SIZED,
  allow_enlarge: SIZED,
  resize_mode: PICTURES,
  crop_position: PICTURES,
  interpolation: PICTURES,
  sharpen_amount: PICTURES,
  background_color: [...PICTURES, "svg"],
  thumbnails: PICTURES,
  storyboard: ["webp", "jpeg", "png"],
  preview: ["webp"],
  waveform: ["json", "png", "svg"],
  loudness: SOUND_FORMATS,
  audio_codec: SOUND_FORMATS,
  audio_channels: SOUND_FORMATS,
  audio_sample_rate: SOUND_FORMATS,
  watermark: PICTURES,
  crf: VIDEOS,
  encoder_preset: VIDEOS,
  max_bitrate: ["mp4"],
  audio_bitrate: ["mp4", ...SOUND_FORMATS],
  variants: STREAMS,
  segment_duration: STREAMS,
};

/** A video's sides, px. */
const VIDEO_SIDE_PX = { min: 16, max: 4096 };

/** Notes every field of a specification that does not go with its format, its media or its other fields. */
export function checkOutput(
  specification: NamedSpecification,
  index: number,
  kind: "image" | "video",
  errors: FieldError[],
): void {
  const {
    format,
    width,
    height,
    resize_mode: mode = "fit",
    background_color: color,
    metadata,
  } = specification;
  const refuse = (field: string, message: string) => {
    errors.push({ path: `output_specifications.${index}.${field}`, message });
  };
  for (const [field, formats] of Object.entries(APPLIES_TO)) {
    if (specification[field as keyof OutputSpecification] === undefined || formats.includes(format)) continue;
    refuse(field, `This does not apply to ${format}, only to ${formats.join(", ")}.`);
  }
  if (kind === "image" && !isPicture(format)) refuse("format", `${format} cannot be made from an image.`);
  checkTracks(specification, kind, refuse);
  if (metadata !== undefined && metadata !== "strip_all" && kind !== "image")
    refuse("metadata", "What is made from a video keeps no metadata; only strip_all goes with it.");
  if (isPicture(format) && mode !== "fit" && (width === undefined || height === undefined)) {
    refuse("resize_mode", `${mode} needs both width and height.`);
  }
  if (!isPicture(format) && isTarget(specification.quality))
    refuse("quality", "Only a picture can be encoded until it meets a target: use crf, or a word.");
  if (format === "mp4") checkVideoSides({ width, height }, refuse);
  if (color !== undefined) checkColor(color, refuse);
}

function isPicture(format: OutputFormat): boolean {
  return PICTURES.some((picture) => picture === format);
}

function checkVideoSides(
  sides: { width: number | undefined; height: number | undefined },
  refuse: (field: string, message: string) => void,
): void {
  for (const [side, px] of Object.entries(sides)) {
    if (px === undefined || (px >= VIDEO_SIDE_PX.min && px <= VIDEO_SIDE_PX.max)) continue;
    refuse(side, `A video's side is ${VIDEO_SIDE_PX.min}–${VIDEO_SIDE_PX.max} px.`);
  }
}

function checkColor(color: string, refuse: (field: string, message: string) => void): void {
  try {
    parseColor(color);
  } catch (error) {
    refuse("background_color", toMediaError(error).message);
  }
}
