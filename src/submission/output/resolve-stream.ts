import type { RenditionSpec, StreamOutput } from "../../video/output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { crfOf, encoderPresetOf } from "./resolve-video-file.ts";

export function streamOf(specification: NamedSpecification, format: StreamOutput["format"]): StreamOutput {
  return {
    format,
    name: specification.name,
    variants: (specification.variants ?? [480, 720]).map(renditionOf),
    segmentSeconds: specification.segment_duration ?? 6,
    crf: crfOf(specification),
    encoderPreset: encoderPresetOf(specification),
    // Whoever names a CRF wants that one.
    contentAware: specification.content_aware ?? specification.crf === undefined,
  };
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
