import type { RenditionSpec, StreamOutput } from "../../video/output.ts";
import type { StreamEncryption } from "../../video/segment-keys.ts";
import { watermarkOf } from "../logos.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { crfOf, encoderPresetOf } from "./resolve-video-file.ts";

export function streamOf(
  specification: NamedSpecification,
  format: StreamOutput["format"],
  defaultLogo: string | undefined,
): StreamOutput {
  return {
    format,
    name: specification.name,
    variants: (specification.variants ?? [480, 720]).map(renditionOf),
    segmentSeconds: specification.segment_duration ?? 6,
    encryption: encryptionOf(specification),
    crf: crfOf(specification),
    encoderPreset: encoderPresetOf(specification),
    // Whoever names a CRF wants that one.
    contentAware: specification.content_aware ?? specification.crf === undefined,
    watermark: specification.watermark && watermarkOf(specification.watermark, defaultLogo),
  };
}

const ROTATE_EVERY_SEGMENTS = 10;

function encryptionOf({ encryption }: NamedSpecification): StreamEncryption | undefined {
  if (encryption === undefined) return undefined;
  const every = typeof encryption === "string" ? ROTATE_EVERY_SEGMENTS : encryption.rotate_every;
  return { method: "aes-128", rotateEverySegments: every };
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
