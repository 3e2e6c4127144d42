import { ANALYSIS_SIDE_PX } from "./analysis.ts";
import { demandOf, type Sampling } from "./demand.ts";
import { storedSize } from "./orient.ts";
import { type ImageProbe, orientedSize } from "./probe.ts";
import { shrunkTo } from "./settle.ts";

/** Share of a picture that outputs must decode anyway for the rest to come along. */
const LEAST_SHARE = 0.5;

/**
 * The small copy that a picture is analysed by, as one more resampling of the decode that its outputs need; undefined
 * where they need so little of the picture that the rest would cost more than they do.
 */
export function learnSampling(probe: ImageProbe, samplings: readonly Sampling[]): Sampling | undefined {
  const { window } = demandOf(probe, [...samplings]);
  if (window.width * window.height < LEAST_SHARE * probe.width * probe.height) return undefined;
  return {
    window: { left: 0, top: 0, width: probe.width, height: probe.height },
    size: storedSize(shrunkTo(orientedSize(probe), ANALYSIS_SIDE_PX), probe.orientation),
  };
}
