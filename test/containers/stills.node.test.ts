import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { fromSources, makeClip } from "../fixtures/video.ts";
import { image, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();
/** 4 s black, 3 s of a blurred picture, 3 s of a sharp one, 2 s of another. */
let film: Buffer;
beforeAll(async () => {
  const size = "size=160x120:rate=10";
  film = await fromSources([
    `color=black:${size}:duration=4[a];testsrc2=${size}:duration=3,gblur=sigma=12[b]`,
    `testsrc2=${size}:duration=3[c];smptebars=${size}:duration=2[d];[a][b][c][d]concat=n=4`,
  ]);
});

/** Runs one task and gives what it stored, by name. */
async function make(kind: string, output: object, more: object = {}, input = film) {
  const source = await studio.probe(input);
  const task = studio.task(input);
  const { files } = await runTask(studio.transcoder, { kind, ...task, source, output, ...more }, "files");
  return { files, bytes: (name: string) => studio.output(task, name) };
}

const still = (index: number, count: number) => ({
  format: "thumbnail",
  name: `best-${index + 1}.png`,
  set: "best.png",
  atSeconds: 0,
  best: { index, count },
  image: { ...image, format: "png", width: undefined, height: undefined },
});

async function sharpnessOf(picture: Buffer) {
  return (await sharp(picture).greyscale().stats()).sharpness;
}

describe("the best frames", () => {
  it("are neither black nor blurred, and of two scenes, from one task", async () => {
    const { files, bytes } = await make("thumbnail", still(0, 2), { others: [still(1, 2)] });
    expect(files.map(({ name }) => name)).toEqual(["best-1.png", "best-2.png"]);
    for (const { name } of files) {
      const { channels } = await sharp(bytes(name)).stats();
      expect(Math.max(...channels.map(({ stdev }) => stdev))).toBeGreaterThan(30);
      expect(await sharpnessOf(bytes(name))).toBeGreaterThan(1);
    }
    expect(bytes("best-1.png").equals(bytes("best-2.png"))).toBe(false);
  });

  it("of a video of one frame are that frame", async () => {
    const single = await makeClip({ seconds: 0.04, rate: "25", sound: false });
    const { files, bytes } = await make("thumbnail", still(0, 3), { others: [still(2, 3)] }, single);
    expect(files).toHaveLength(2);
    expect(bytes("best-1.png").equals(bytes("best-3.png"))).toBe(true);
  });
});

describe("a storyboard", () => {
  const output = {
    format: "storyboard",
    name: "board.vtt",
    columns: 4,
    rows: 2,
    intervalSeconds: 1,
    image: { ...image, name: "board.vtt", width: 80, height: undefined },
  };

  it("shows every interval on its sheets, and WebVTT says where", async () => {
    const { files, bytes } = await make("storyboard", output);
    expect(files.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "board.vtt text/vtt",
      "board-1.jpg image/jpeg",
      "board-2.jpg image/jpeg",
    ]);
    const cues = bytes("board.vtt").toString().split("\n\n").slice(1);
    expect(cues).toHaveLength(12);
    expect(cues[11]).toContain("board-2.jpg#xywh=240,0,80,60");
    expect(await sharp(bytes("board-1.jpg")).metadata()).toMatchObject({ width: 320, height: 120 });
    const brightnessAt = async (left: number, top: number) => {
      const tile = await sharp(bytes("board-1.jpg")).extract({ left, top, width: 80, height: 60 }).toBuffer();
      return (await sharp(tile).greyscale().stats()).channels[0]?.mean ?? 0;
    };
    expect(await brightnessAt(240, 0)).toBeLessThan(10);
    expect(await brightnessAt(0, 60)).toBeGreaterThan(40);
  });

  it("of a long video seeks to its tiles, and ends with what there is", async () => {
    const long = await makeClip({ width: 64, height: 48, rate: "2", seconds: 60, sound: false });
    const { bytes } = await make("storyboard", { ...output, intervalSeconds: 12 }, {}, long);
    expect(bytes("board.vtt").toString().split("\n\n")).toHaveLength(1 + 5);
    expect(await sharp(bytes("board-1.jpg")).metadata()).toMatchObject({ width: 256, height: 96 });
  });
});

describe("a preview", () => {
  const output = {
    format: "preview",
    name: "preview.webp",
    width: 80,
    durationSeconds: 3,
    moments: 3,
    quality: 60,
  };

  it("moves through several places of the video and repeats", async () => {
    const { files, bytes } = await make("preview", output);
    expect(files[0]).toMatchObject({ type: "image/webp", width: 80, height: 60, durationSeconds: 3 });
    const { pages = 0, loop, delay = [] } = await sharp(bytes("preview.webp"), { animated: true }).metadata();
    expect(loop).toBe(0);
    expect(pages).toBeGreaterThan(5);
    expect(delay.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(3200);
  });

  it("of a shorter video is all of it, and there is none of sound", async () => {
    const single = await makeClip({ seconds: 0.04, rate: "25", sound: false });
    expect((await make("preview", output, {}, single)).files[0]).toMatchObject({ width: 80 });
    const sound = await makeClip({ picture: false, seconds: 1, extension: "m4a" });
    const source = await studio.probe(sound);
    const end = await endOf(studio.transcoder, { kind: "preview", ...studio.task(sound), source, output });
    expect(end).toMatchObject({ code: "no_video_stream" });
  });
});
