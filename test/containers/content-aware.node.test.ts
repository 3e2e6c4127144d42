import { beforeAll, describe, expect, it } from "vitest";
import { bitsPerPixelAt } from "../../src/video/complexity.ts";
import { explainLadder } from "../../src/video/explain-ladder.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { planStream } from "../../src/video/stream-plan.ts";
import { fromSources, ssimOfFrames, transcoded } from "../fixtures/video.ts";
import { joinedBytes } from "./chunked.ts";
import { hls, useStudio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

const studio = useStudio();
/** No sample of the picture is encoded in a millisecond. */
const hurried = useStudio({ SAMPLE_LIMIT_MS: "1" });
const SECONDS = 6;
const lossless = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "4", "-pix_fmt", "yuv420p"];

/** A page full of detail, and another one each second. */
const SCREENCAST = `testsrc2=size=480x360:rate=1:duration=${SECONDS},fps=24`;
/** Everything moves, and the camera is a little noisy. */
const SPORTS = `testsrc2=size=720x540:rate=24:duration=${SECONDS},crop=480:360:'120+100*sin(4*t)':'90+80*cos(5*t)',noise=alls=2:allf=t`;
/**
 * How far apart the easy and the hard one may be where they should look alike, mean SSIM of all frames: at the size that
 * is measured, and at the next. Noise goes with the pixels, so a larger hard picture falls behind a larger easy one.
 */
const ALIKE = [0.006, 0.02];

const output = {
  ...hls,
  contentAware: true,
  segmentSeconds: 6,
  crf: 22,
  encoderPreset: "veryfast" as const,
  variants: [
    { shortSidePx: 240, videoKbps: 2000, audioKbps: 64 },
    { shortSidePx: 360, videoKbps: 4000, audioKbps: 64 },
  ],
};

interface Clip {
  bytes: Buffer;
  source: SourceDescription;
}

let screencast: Clip;
let sports: Clip;

beforeAll(async () => {
  [screencast, sports] = (await Promise.all([SCREENCAST, SPORTS].map(clipOf))) as [Clip, Clip];
});

async function clipOf(graph: string): Promise<Clip> {
  const bytes = await fromSources([graph], lossless);
  const task = { kind: "probe" as const, measureComplexity: true, ...studio.task(bytes) };
  return { bytes, source: (await runTask(studio.transcoder, task, "probe")).source };
}

/** Bytes and likeness to the source, scaled to their size, of both rungs. */
async function encode({ bytes, source }: Clip, contentAware: boolean) {
  const task = studio.task(bytes);
  const own = { ...output, contentAware };
  const request = { kind: "stream", ...task, source, output: own };
  const { tracks } = await runTask(studio.transcoder, request, "tracks");
  return await Promise.all(
    tracks.map(async (track) => {
      const at = (path: string) => `${task.attemptId}/${path}`;
      const segments = track.segments.map((segment) => ({ ...segment, path: at(segment.path) }));
      const made = joinedBytes(studio, { ...track, initPath: at(track.initPath), segments });
      const scale = ["-vf", `scale=${track.width}:${track.height}:flags=bicubic`, ...lossless];
      const ssim = await ssimOfFrames(made, await transcoded(bytes, scale));
      return {
        bytes: track.segments.reduce((sum, segment) => sum + segment.bytes, 0),
        ssim: ssim.reduce((sum, value) => sum + value, 0) / ssim.length,
      };
    }),
  );
}

/** Bits a pixel that the measurement promises for the CRF that was planned. */
function promised({ source }: Clip): number {
  const { crf = 0 } = planStream(source, output).renditions[0] ?? {};
  return source.video?.complexity === undefined ? 0 : bitsPerPixelAt(source.video.complexity, crf);
}

describe("a ladder that knows its picture", () => {
  it("makes what is easy and what is hard look alike, rung by rung, of bytes as unequal as was measured", async () => {
    const [easy, hard, fixed] = [
      await encode(screencast, true),
      await encode(sports, true),
      await encode(screencast, false),
    ];
    const measuredRatio = promised(sports) / promised(screencast);
    expect(measuredRatio).toBeGreaterThan(5);
    for (const [i, { bytes, ssim }] of easy.entries()) {
      const [other, common] = [hard[i] ?? { bytes: 0, ssim: 0 }, fixed[i] ?? { bytes: 0, ssim: 0 }];
      expect(Math.abs(ssim - other.ssim)).toBeLessThan(ALIKE[i] ?? 0);
      expect(Math.min(ssim, other.ssim)).toBeGreaterThan(0.97);
      expect(other.bytes / bytes).toBeGreaterThan(5);
      // On the common ladder the easy one looks better than anybody asked for.
      expect(bytes).toBeLessThan(common.bytes * 0.85);
      expect(common.ssim - other.ssim).toBeGreaterThan(Math.abs(ssim - other.ssim));
    }
    const ratio = (hard[0]?.bytes ?? 0) / (easy[0]?.bytes ?? 1) / measuredRatio;
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });

  it("measures the same each time", async () => {
    const again = await clipOf(SCREENCAST);
    expect(again.source.video?.complexity).toEqual(screencast.source.video?.complexity);
  });

  it("does without where nothing can be measured", async () => {
    const cut = sports.bytes.subarray(0, sports.bytes.length / 20);
    const head = await fromSources([SPORTS], [...lossless, "-movflags", "+faststart"]);
    const broken = Buffer.concat([head.subarray(0, 6000), Buffer.alloc(cut.length)]);
    const task = { kind: "probe" as const, measureComplexity: true, ...studio.task(broken) };
    const { source } = await runTask(studio.transcoder, task, "probe");
    expect(source.video?.width).toBe(480);
    expect(source.video?.complexity).toBeUndefined();
    expect(source.video?.complexityFailure?.code).toBe("corrupt_input");
  });

  it("does without where a sample takes too long, and says so by its code", async () => {
    const task = { kind: "probe" as const, measureComplexity: true, ...hurried.task(screencast.bytes) };
    const { source } = await runTask(hurried.transcoder, task, "probe");
    expect(source.video).not.toHaveProperty("complexity");
    const message = "A sample of the picture took longer than 0.001 s.";
    expect(source.video?.complexityFailure).toEqual({ code: "timeout", message });
    const told = await hurried.transcoder.logged("complexity_unmeasured");
    expect(told).toMatchObject({ sample: 1, code: "timeout", class: "codec" });
    const rich = { ...source, bitrateKbps: undefined };
    expect(planStream(rich, output).renditions).toMatchObject([
      { videoKbps: 2000, crf: output.crf },
      { videoKbps: 4000, crf: output.crf },
    ]);
    const { complexity } = explainLadder(source, output);
    expect(complexity).toMatchObject({
      state: "failed",
      failure: { code: "timeout" },
      crfChange: 0,
      rateShare: 1,
    });
    expect(complexity.reason).toContain(message);
  });
});
