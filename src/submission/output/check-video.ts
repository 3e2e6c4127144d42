import type { Refuse } from "../check-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { isVideoFile } from "./formats.ts";

/** A video's sides, px. */
const VIDEO_SIDE_PX = { min: 16, max: 4096 };

/** What encoders of video can be given. */
export function checkVideo(specification: NamedSpecification, refuse: Refuse): void {
  const { format, width, height, encryption } = specification;
  if (isVideoFile(format)) checkSides({ width, height }, refuse);
  if (encryption !== undefined && format !== "hls") {
    refuse("encryption", "AES-128 is for HLS alone: set format to hls, or leave encryption out.");
  }
}

function checkSides(sides: { width: number | undefined; height: number | undefined }, refuse: Refuse): void {
  for (const [side, px] of Object.entries(sides)) {
    if (px === undefined || (px >= VIDEO_SIDE_PX.min && px <= VIDEO_SIDE_PX.max)) continue;
    refuse(side, `A video's side is ${VIDEO_SIDE_PX.min}–${VIDEO_SIDE_PX.max} px.`);
  }
}
