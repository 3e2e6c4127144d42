import type { Refuse } from "../check-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { isTarget } from "../quality-field.ts";
import { isPicture } from "./formats.ts";

/** What pictures need, and what only pictures can be given. */
export function checkPicture(
  specification: NamedSpecification,
  kind: "image" | "video",
  refuse: Refuse,
): void {
  const { format, width, height, resize_mode: mode = "fit", metadata } = specification;
  if (kind === "image" && !isPicture(format)) refuse("format", `${format} cannot be made from an image.`);
  if (metadata !== undefined && metadata !== "strip_all" && kind !== "image")
    refuse("metadata", "What is made from a video keeps no metadata; only strip_all goes with it.");
  if (specification.on_truncated !== undefined && kind !== "image")
    refuse("on_truncated", "Only of an image that is cut short can anything be salvaged.");
  if (isPicture(format) && mode !== "fit" && (width === undefined || height === undefined)) {
    refuse("resize_mode", `${mode} needs both width and height.`);
  }
  if (specification.lossless && isTarget(specification.quality))
    refuse("quality", "A file without loss has no quality to look for.");
  if (specification.lossless && specification.max_colors !== undefined)
    refuse("max_colors", "A palette of fewer colours loses some of them.");
  if (format === "gif" && isTarget(specification.quality))
    refuse("quality", "GIF has no quality; max_colors makes it smaller.");
  if (!isPicture(format) && isTarget(specification.quality))
    refuse("quality", "Only a picture can be encoded until it meets a target: use crf, or a word.");
}
