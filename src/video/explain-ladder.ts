import { z } from "zod";
import { demandOf, usefulKbps } from "./adapt-ladder.ts";
import { bitsPerPixelAt, complexity, complexityFailure } from "./complexity.ts";
import { type JudgedVariant, judgeVariants, type Rendition } from "./ladder.ts";
import type { StreamOutput } from "./output.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";
import { planStream } from "./stream-plan.ts";

const explainedRung = z.object({
  shortSidePx: z.int(),
  askedVideoKbps: z.int(),
  /** Null: left out. */
  rendition: z.string().nullable(),
  videoKbps: z.int().nullable(),
  crf: z.number().nullable(),
  reason: z.string(),
});
type ExplainedRung = z.infer<typeof explainedRung>;

/** Why a stream has the rungs that it has, for a person. Sides in px, rates in kbit/s. */
export const ladderExplanation = z.object({
  output: z.string(),
  source: z.object({
    width: z.int(),
    height: z.int(),
    frameRate: z.number(),
    codec: z.string(),
    bitrateKbps: z.number().nullable(),
    /** What the source has to show, counted in H.264; null where nobody knows, or nobody asked. */
    usefulKbps: z.int().nullable(),
  }),
  complexity: z.object({
    state: z.enum(["measured", "failed", "not_asked"]),
    measured: complexity.nullable(),
    failure: complexityFailure.nullable(),
    /** Added to the CRF that was asked for: above 0 is coarser. */
    crfChange: z.number(),
    /** Of the rates that were asked for. */
    rateShare: z.number(),
    reason: z.string(),
  }),
  /** All that were asked for, lowest first. */
  rungs: z.array(explainedRung),
});
export type LadderExplanation = z.infer<typeof ladderExplanation>;

/** @throws {MediaError} `no_video_stream` when the source has only audio. */
export function explainLadder(source: SourceDescription, output: StreamOutput): LadderExplanation {
  const { video, renditions } = planStream(source, output);
  const useful = output.contentAware ? usefulKbps(source) : Number.POSITIVE_INFINITY;
  const share = output.contentAware ? demandOf(source).share : 1;
  return {
    output: output.name,
    source: {
      ...{ width: video.width, height: video.height, frameRate: video.frameRate, codec: video.codec },
      bitrateKbps: source.bitrateKbps ?? null,
      usefulKbps: Number.isFinite(useful) ? Math.round(useful) : null,
    },
    complexity: explainComplexity(source, video, output),
    rungs: judgeVariants(video, output.variants).map((judged) =>
      explainRung(judged, { video, renditions, output, share, useful }),
    ),
  };
}

function explainComplexity(
  source: SourceDescription,
  { complexity: measured, complexityFailure: failure }: VideoDescription,
  { contentAware, crf }: StreamOutput,
): LadderExplanation["complexity"] {
  const plain = { measured: null, failure: null, crfChange: 0, rateShare: 1 };
  if (!contentAware) {
    return { state: "not_asked", ...plain, reason: "The ladder is the one that was asked for." };
  }
  if (measured === undefined) {
    const why = failure?.message ?? "Nothing was measured.";
    const reason = `The picture could not be measured, so the rates are the common ones. ${why}`;
    return { state: "failed", ...plain, failure: failure ?? null, reason };
  }
  const { finer, share } = demandOf(source);
  const bits = bitsPerPixelAt(measured, crf).toPrecision(2);
  const reason = `The picture takes about ${bits} bits a pixel at CRF ${crf}: ${wordOf(finer)}, with ${Math.round(share * 100)} % of the usual rates.`;
  const crfChange = finer === 0 ? 0 : -finer;
  return { state: "measured", ...plain, measured, crfChange, rateShare: share, reason };
}

function wordOf(finer: number): string {
  if (finer === 0) return "the CRF stays";
  return finer < 0 ? `it looks as good ${-finer} coarser` : `it needs ${finer} finer`;
}

interface Circumstances {
  video: VideoDescription;
  renditions: readonly Rendition[];
  output: StreamOutput;
  share: number;
  useful: number;
}

function explainRung({ variant, verdict, size }: JudgedVariant, about: Circumstances): ExplainedRung {
  const { video, output } = about;
  const asked = { shortSidePx: variant.shortSidePx, askedVideoKbps: variant.videoKbps };
  const out = { rendition: null, videoKbps: null, crf: null };
  const source = `${video.width}×${video.height}`;
  if (verdict === "above_source") {
    return { ...asked, ...out, reason: `Left out: larger than the source, which is ${source}.` };
  }
  const id = `${Math.min(size.width, size.height)}p`;
  if (verdict === "same_size") {
    return { ...asked, ...out, reason: `Left out: another rung of ${id} has a higher rate.` };
  }
  const made = about.renditions.find((rendition) => rendition.id === id);
  const { videoKbps = variant.videoKbps, crf = output.crf } = made ?? {};
  const reasons = [
    verdict === "kept"
      ? `Kept: the source of ${source} fills it.`
      : `The only one: all are larger than the source, so it has the size of that, ${size.width}×${size.height}.`,
    ...reasonsOfRate(variant.videoKbps, about),
    ...(made?.everySecondFrame ? ["It shows every second frame: a small rung of a fast picture."] : []),
  ];
  return { ...asked, rendition: id, videoKbps, crf, reason: reasons.join(" ") };
}

function reasonsOfRate(askedKbps: number, { share, useful }: Circumstances): string[] {
  const adapted = Math.round(askedKbps * share);
  if (useful < adapted) {
    return [`Its rate is held to ${Math.round(useful)} kbit/s: the source has no more to show.`];
  }
  return share === 1 ? [] : [`Its rate is ${Math.round(share * 100)} % of what was asked for.`];
}
