import type { Size } from "./geometry.ts";
import { isKeepable } from "./icc/conversion-of.ts";
import { keptMetadata } from "./metadata/kept-metadata.ts";
import type { SourceMetadata } from "./metadata/source-metadata.ts";
import type { ImageOutput } from "./output.ts";
import type { ImageProbe } from "./probe.ts";

/** What goes into one output of its source beside the pixels, and how those are to be sampled for it. */
export interface Carried {
  metadata: SourceMetadata;
  color: "srgb" | "keep";
  /** One sentence each. */
  notes: string[];
}

/**
 * Decides what an output keeps of its source. Both lanes ask this before they sample, so that a profile and the pixels
 * that it is for are kept together or not at all.
 *
 * @param size of the output, px
 */
export function carriedOf(
  output: ImageOutput,
  source: SourceMetadata,
  probe: Pick<ImageProbe, "colorModel">,
  size: Size,
): Carried {
  const isAsked = output.colorProfile === "keep" && source.icc !== undefined;
  const isKept = isAsked && isKeepable(source.icc, probe);
  return {
    metadata: keptMetadata(source, output.metadata ?? "strip_all", size, isKept),
    color: isKept ? "keep" : "srgb",
    notes:
      isAsked && !isKept ? [`${output.name} is sRGB: a profile of ${probe.colorModel} is not kept.`] : [],
  };
}

/** Whether anything of the source's metadata decides what an output is. */
export function carriesAny({ metadata, colorProfile }: ImageOutput): boolean {
  return (metadata !== undefined && metadata !== "strip_all") || colorProfile === "keep";
}
