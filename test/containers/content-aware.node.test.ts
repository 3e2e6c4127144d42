import { beforeAll, describe, expect, it } from "vitest";
import { bitsPerPixelAt } from "../../src/video/complexity.ts";
import { explainLadder } from "../../src/video/explain-ladder.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { planStream } from "../../src/video/stream-plan.ts";
import { fromSources, ssimOfFrames } from "../fixtures/video.ts";
import { joinedBytes } from "./chunked.ts";
import { hls, useStudio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

const studio = useStudio();
/** No sample of the picture is encoded in a millisecond. */
const hurried = useStudio({ SAMPLE_LIMIT_MS: "1" });
const SECONDS = 6;
const lossless = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "4", "-pix_fmt", "yuv420p"];

/** A page full of detail, and another one each second. */
const SCREENCAST = `testsrc2=size=320x240:rate=1:duration=${SECONDS},fps=24`;
/** Everything moves, and the camera is a little noisy. */
const SPORTS = `testsrc2=size=480x360:rate=24:duration=${SECONDS},crop=320:240:'80+70*sin(4*t)':'60+50*cos(5*t)',noise=alls=2:allf=t`;

const output = {
  ...hls,
  contentAware: true,
  segmentSeconds: 6,
  crf: 22,
  encoderPreset: "veryfast" as const,
  variants: [{ shortSidePx: 240, videoKbps: 2000, audioKbps: 64 }],
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

async function encode({ bytes, source }: Clip, contentAware: boolean) {
  const task = studio.task(bytes);
  const own = { ...output, contentAware };
  const { tracks } = await runTask(
    studio.transcoder,
    { kind: "stream", ...task, source, output: own },
    "tracks",
  );
  const [track] = tracks;
  if (track === undefined) throw new Error("No track was encoded.");
  const stored = { ...track, initPath: `${task.attemptId}/${track.initPath}` };
  stored.segments = track.segments.map((segment) => ({
    ...segment,
    path: `${task.attemptId}/${segment.path}`,
  }));
  const ssim = await ssimOfFrames(joinedBytes(studio, stored), bytes);
  return {
    bytes: track.segments.reduce((sum, segment) => sum + segment.bytes, 0),
    ssim: ssim.reduce((sum, value) => sum + value, 0) / ssim.length,
  };
}

/** Bits a pixel that the measurement promises for the rung that was planned. */
function promised({ source }: Clip): number {
  const { crf = 0 } = planStream(source, output).renditions[0] ?? {};
  return source.video?.complexity === undefined ? 0 : bitsPerPixelAt(source.video.complexity, crf);
}

describe("a ladder that knows its picture", () => {
  it("makes what is easy and what is hard look alike, of bytes as unequal as was measured", async () => {
    const [easy, hard] = [await encode(screencast, true), await encode(sports, true)];
    const fixed = await encode(screencast, false);
    const measuredRatio = promised(sports) / promised(screencast);
    expect(measuredRatio).toBeGreaterThan(5);
    expect(hard.bytes / easy.bytes / measuredRatio).toBeGreaterThan(0.8);
    expect(hard.bytes / easy.bytes / measuredRatio).toBeLessThan(1.25);
    // On the common ladder the easy one looks better than anybody asked for.
    expect(easy.bytes).toBeLessThan(fixed.bytes * 0.85);
    expect(Math.min(easy.ssim, hard.ssim)).toBeGreaterThan(0.98);
    expect(easy.ssim - hard.ssim).toBeLessThan((fixed.ssim - hard.ssim) * 0.75);
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
    expect(source.video?.width).toBe(320);
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
    expect(planStream(rich, output).renditions).toMatchObject([{ videoKbps: 2000, crf: output.crf }]);
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
