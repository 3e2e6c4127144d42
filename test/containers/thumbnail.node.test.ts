import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { frameAt, makeClip } from "../fixtures/video.ts";
import { image, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();
let clip: Buffer;
beforeAll(async () => {
  clip = await makeClip({ seconds: 4, rate: "25", options: ["-g", "100", "-crf", "1"] });
});

async function thumbnail(atSeconds: number, input = clip) {
  const task = studio.task(input);
  const source = await studio.probe(input);
  const picture = { ...image, name: "poster.png", format: "png", width: undefined, height: undefined };
  const output = { format: "thumbnail", name: "poster.png", atSeconds, image: picture };
  const { files } = await runTask(studio.transcoder, { kind: "thumbnail", ...task, source, output }, "files");
  return { file: files[0], bytes: studio.output(task, "poster.png") };
}

/** Mean difference of two pictures, 0–255. */
async function difference(png: Buffer, frame: Buffer): Promise<number> {
  const pixels = await sharp(png).removeAlpha().raw().toBuffer();
  return frame.reduce((sum, value, i) => sum + Math.abs(value - (pixels[i] ?? 0)), 0) / frame.length;
}

describe("thumbnail", () => {
  it("is the frame on screen at that time, far from any keyframe", async () => {
    const { bytes, file } = await thumbnail(2.5);
    expect(file).toMatchObject({ name: "poster.png", type: "image/png", width: 320, height: 240 });
    expect(await difference(bytes, await frameAt(clip, 2.48))).toBeLessThan(1);
    expect(await difference(bytes, await frameAt(clip, 2.52))).toBeGreaterThan(1);
  });

  it("is the first frame at 0 and the last frame past the end", async () => {
    expect(await difference((await thumbnail(0)).bytes, await frameAt(clip, 0))).toBeLessThan(1);
    expect(await difference((await thumbnail(60)).bytes, await frameAt(clip, 3.96))).toBeLessThan(1);
  });

  it("is found in a clip of one frame", async () => {
    const single = await makeClip({ seconds: 0.04, rate: "25", sound: false });
    expect((await thumbnail(0, single)).file).toMatchObject({ width: 320, height: 240 });
    expect((await thumbnail(1, single)).file).toMatchObject({ width: 320, height: 240 });
  });

  it("cannot be made of sound", async () => {
    const sound = await makeClip({ picture: false, extension: "m4a" });
    const source = await studio.probe(sound);
    const output = { format: "thumbnail", name: "poster.jpg", atSeconds: 0, image };
    const end = await endOf(studio.transcoder, { kind: "thumbnail", ...studio.task(sound), source, output });
    expect(end).toMatchObject({ type: "error", code: "no_video_stream" });
  });
});
