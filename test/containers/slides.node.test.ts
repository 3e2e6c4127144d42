import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { fromSources } from "../fixtures/video.ts";
import { image, useStudio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

const studio = useStudio();

/** A recording of slides: a frame of its own grey comes when a slide does, at 0, 4, 10 and 11 s, and stays. */
const SLIDES = [
  { from: 0, grey: 40 },
  { from: 4, grey: 90 },
  { from: 10, grey: 140 },
  { from: 11, grey: 200 },
];
/** One frame for a slide, and the last again at the end. */
const shown = [...SLIDES.map(({ from }) => from * 10), 159].map((n) => `eq(n,${n})`).join("+");
const grey = SLIDES.reduce((text, { from, grey }) => `if(gte(N,${from * 10}),${grey},${text})`, "0");
const png = { ...image, format: "png", width: undefined, height: undefined };

let film: Buffer;
beforeAll(async () => {
  const picture = `color=black:size=64x48:rate=10:duration=16,geq=lum='${grey}':cb=128:cr=128`;
  film = await fromSources([`${picture},select='${shown}'`], ["-fps_mode", "vfr", "-g", "3"]);
}, 60_000);

async function make(kind: string, output: object, more: object = {}) {
  const source = await studio.probe(film);
  expect(source.video?.variableFrameRate).toBe(true);
  const task = studio.task(film);
  await runTask(studio.transcoder, { kind, ...task, source, output, ...more }, "files");
  return (name: string) => studio.output(task, name);
}

/** The slide whose grey a picture has. */
async function slideIn(picture: Buffer): Promise<number> {
  const { channels } = await sharp(picture).greyscale().stats();
  // A grey of 40–200 in video is wider on screen.
  const level = ((channels[0]?.mean ?? 0) * 219) / 255 + 16;
  return SLIDES.findIndex((slide) => Math.abs(slide.grey - level) < 15);
}

function slideAt(seconds: number): number {
  return SLIDES.findLastIndex(({ from }) => from <= seconds);
}

describe("of slides that stay for long", () => {
  it("a still is what is on screen at its moment, not what comes next", async () => {
    const moments = [0, 3.9, 4, 9.5, 14];
    const still = (at: number) => ({ format: "thumbnail", name: `${at}.png`, atSeconds: at, image: png });
    const [first, ...others] = moments.map(still);
    const read = await make("thumbnail", first ?? {}, { others });
    const seen = await Promise.all(moments.map((at) => slideIn(read(`${at}.png`))));
    expect(seen).toEqual(moments.map(slideAt));
  });

  it.each([1, 11])(
    "each tile of a storyboard is what is on screen at its time (every %i s)",
    async (step) => {
      const sheet = { ...png, name: "board.vtt" };
      const layout = { columns: 4, rows: 4, intervalSeconds: step };
      const read = await make("storyboard", {
        format: "storyboard",
        name: "board.vtt",
        ...layout,
        image: sheet,
      });
      const cues = read("board.vtt").toString().trimEnd().split("\n\n").slice(1);
      expect(cues).toHaveLength(Math.ceil(15.9 / step));
      for (const [i, cue] of cues.entries()) {
        const [, name = "", left, top, width, height] = /(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/.exec(cue) ?? [];
        const area = { left: Number(left), top: Number(top), width: Number(width), height: Number(height) };
        const tile = await sharp(read(name)).extract(area).png().toBuffer();
        expect(await slideIn(tile), cue).toBe(slideAt(i * step));
      }
    },
  );

  it("the best frames are those that were chosen", async () => {
    const best = { format: "thumbnail", atSeconds: 0, image: png };
    const stills = [0, 1].map((index) => ({ ...best, name: `b${index}.png`, best: { index, count: 2 } }));
    const read = await make("thumbnail", stills[0] ?? {}, { others: stills.slice(1) });
    expect(await slideIn(read("b0.png"))).toBeLessThan(await slideIn(read("b1.png")));
  });

  it("a preview shows slides from all over, though none begins in its moments", async () => {
    const output = { format: "preview", name: "p.webp", durationSeconds: 3, moments: 3, quality: 80 };
    const read = await make("preview", output);
    const { pages = 0 } = await sharp(read("p.webp"), { animated: true }).metadata();
    expect(pages).toBeGreaterThan(1);
    const ends = await Promise.all(
      [0, pages - 1].map((page) => sharp(read("p.webp"), { page }).png().toBuffer()),
    );
    expect(await Promise.all(ends.map(slideIn))).toEqual([0, 3]);
  });
});
