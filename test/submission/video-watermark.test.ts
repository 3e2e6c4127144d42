import { describe, expect, it } from "vitest";
import { videoStepOutputs } from "../../src/processing/step-outputs.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";
import { sourceOf } from "../video/sources.ts";

const logo = {
  ...{ width: 0.2, padding: 10, opacity: 1, tile: false },
  position: { x: 1, y: 0 },
  mediaId: "med_b",
};

describe("the watermark of a video", () => {
  it.each(["mp4", "webm", "hls"] as const)("is filled in for %s as for pictures", (format) => {
    const { outputs } = resolveOutputs(
      [{ format, watermark: { media_id: "default", opacity: 0.5 } }],
      "video",
      {
        logo: "med_own",
      },
    );
    expect(outputs[0]).toMatchObject({ watermark: { mediaId: "med_own", width: 0.2, opacity: 0.5 } });
  });

  it("of a step makes files and stills again, from the source, and leaves streams alone", () => {
    const source = sourceOf({});
    const specifications = [{ format: "webm", start: 1 }, { format: "jpeg" }, { format: "hls" }] as const;
    const { outputs } = resolveOutputs(specifications, "video");
    const [file, still, stream] = videoStepOutputs(source, outputs as Parameters<typeof videoStepOutputs>[1]);
    expect(file?.mark?.(logo, "watermarked_webm.webm")).toMatchObject({
      lane: "container-long",
      needs: { memoryBytes: expect.any(Number) },
      spec: { output: { format: "webm", name: "watermarked_webm.webm", startSeconds: 1, watermark: logo } },
    });
    expect(still?.mark?.(logo, "watermarked_jpeg.jpg")).toMatchObject({ lane: "container-short" });
    expect(stream?.mark).toBeUndefined();
  });
});
