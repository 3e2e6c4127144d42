import { type FieldError, toMediaError } from "../errors.ts";
import { parseColor } from "../image/color.ts";
import type { NamedSpecification } from "./name-outputs.ts";
import { checkPicture } from "./output/check-picture.ts";
import { checkStream } from "./output/check-stream.ts";
import { checkTracks } from "./output/check-tracks.ts";
import { checkVideo } from "./output/check-video.ts";
import { FIELD_FORMATS, type OutputSpecification } from "./output-specification.ts";

/** Notes that a field does not fit, and what to change. */
export type Refuse = (field: string, message: string) => void;

/** Notes every field of a specification that does not go with its format, its media or its other fields. */
export function checkOutput(
  specification: NamedSpecification,
  index: number,
  kind: "image" | "video",
  errors: FieldError[],
): void {
  const { format, background_color: color } = specification;
  const refuse: Refuse = (field, message) => {
    errors.push({ path: `output_specifications.${index}.${field}`, message });
  };
  for (const [field, formats] of Object.entries(FIELD_FORMATS)) {
    if (specification[field as keyof OutputSpecification] === undefined || formats.includes(format)) continue;
    refuse(field, `This does not apply to ${format}, only to ${formats.join(", ")}.`);
  }
  checkPicture(specification, kind, refuse);
  checkVideo(specification, refuse);
  checkStream(specification, refuse);
  checkTracks(specification, kind, refuse);
  if (color !== undefined) checkColor(color, refuse);
}

function checkColor(color: string, refuse: Refuse): void {
  try {
    parseColor(color);
  } catch (error) {
    refuse("background_color", toMediaError(error).message);
  }
}
