import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import type { Watermark } from "../../src/image/watermark.ts";
import { planChunks } from "../../src/video/chunk-plan.ts";
import { planStream } from "../../src/video/stream-plan.ts";
import { cellsOf, ffprobe, fromSources } from "../fixtures/video.ts";
import { joinedBytes } from "./chunked.ts";
import { hls, mp4, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();
const LOGO = "med_logo";
/** A quarter of the width and, as it is square, a third of the height, in the upper right corner. */
const corner: Watermark = {
  ...{ mediaId: LOGO, width: 0.25, position: { x: 1, y: 0 } },
  ...{ padding: 0, opacity: 1, tile: false },
};
const size = { width: 160, height: 120 };
const black = fromSources(["color=black:s=160x120:r=10:d=5[out0]"], ["-g", "10"]);
let logos: { mediaId: string; url: string; bytes: number }[];

beforeAll(async () => {
  const white = { create: { width: 8, height: 8, channels: 4 as const, background: "#ffffffff" } };
  const bytes = await sharp(white).png().toBuffer();
  studio.store.objects.set("logo", { bytes, type: "image/png" });
  logos = [{ mediaId: LOGO, url: studio.store.url("logo"), bytes: bytes.length }];
});

async function marked(watermark: Watermark, output: Partial<typeof mp4> = {}): Promise<Buffer> {
  const input = await black;
  const task = studio.task(input);
  const asked = { ...mp4, ...output, watermark };
  const request = { kind: "transcode", ...task, source: await studio.probe(input), output: asked, logos };
  await runTask(studio.transcoder, request, "files");
  return studio.output(task, asked.name);
}

/** Brightness of a grid of 4 × 3 cells: the corner is the fourth of twelve. */
const cornersOf = (bytes: Buffer, seconds: number) => cellsOf(bytes, seconds, 4, 3);
const expectCorner = (cells: number[]) => {
  expect(cells[3]).toBeGreaterThan(225);
  expect(Math.max(...cells.filter((_, i) => i !== 3))).toBeLessThan(25);
};

describe("a logo over a video", () => {
  it("lies in its corner from the first frame to the last", async () => {
    const bytes = await marked(corner);
    for (const seconds of [0, 2.5, 4.8]) expectCorner(await cornersOf(bytes, seconds));
    expect((await ffprobe(bytes, ["-count_frames"])).streams[0]).toMatchObject({
      ...size,
      nb_read_frames: "50",
    });
  });

  it("lies on a cut in another format and pixel format, half clear", async () => {
    const bytes = await marked(
      { ...corner, opacity: 0.5 },
      { videoCodec: "h265", pixelFormat: "yuv420p10le", startSeconds: 3, endSeconds: 3.5 },
    );
    const cells = await cornersOf(bytes, 0.2);
    expect(cells[3]).toBeGreaterThan(105);
    expect(cells[3]).toBeLessThan(150);
  });

  it("covers the picture when it is tiled", async () => {
    const cells = await cornersOf(await marked({ ...corner, tile: true, padding: 10 }), 1);
    expect(Math.min(...cells)).toBeGreaterThan(60);
  });

  it("lies on every rendition of a stream, in each of its chunks", async () => {
    const input = await black;
    const source = await studio.probe(input);
    const output = { ...hls, variants: hls.variants.slice(0, 2), watermark: corner };
    const plan = planStream(source, output);
    const ranges = planChunks(source, plan, 2);
    expect(ranges.length).toBeGreaterThan(1);
    for (const [kind, range] of [
      ["stream", undefined],
      ["chunk", ranges[1]],
    ] as const) {
      const task = studio.task(input);
      const request = { kind, ...task, source, output, logos, ...(range && { range }) };
      const { tracks } = await runTask(studio.transcoder, request, "tracks");
      for (const { initPath, segments, ...track } of tracks) {
        const inFolder = (path: string) => `${task.attemptId}/${path}`;
        const placed = segments.map((segment) => ({ ...segment, path: inFolder(segment.path) }));
        const bytes = joinedBytes(studio, { ...track, initPath: inFolder(initPath), segments: placed });
        expectCorner(await cornersOf(bytes, 0));
      }
    }
  });

  it("that is no picture is refused", async () => {
    const input = await black;
    studio.store.objects.set("broken", { bytes: Buffer.from("no picture"), type: "image/png" });
    const broken = [{ mediaId: LOGO, url: studio.store.url("broken"), bytes: 10 }];
    const source = await studio.probe(input);
    const task = { kind: "transcode", ...studio.task(input), source, output: { ...mp4, watermark: corner } };
    expect(await endOf(studio.transcoder, { ...task, logos: broken })).toMatchObject({
      code: "unusable_logo",
    });
    expect(await endOf(studio.transcoder, { ...task, ...studio.task(input) })).toMatchObject({
      code: "unusable_logo",
    });
  });
});
