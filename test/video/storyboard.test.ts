import { describe, expect, it } from "vitest";
import { planStoryboard, type StoryboardOutput, storyboardVtt } from "../../src/video/storyboard.ts";

const output: StoryboardOutput = {
  format: "storyboard",
  name: "board.vtt",
  columns: 10,
  rows: 10,
  image: {
    name: "board.vtt",
    format: "jpeg",
    width: 160,
    resizeMode: "fit",
    allowEnlarge: false,
    position: { x: 0.5, y: 0.5 },
    background: [255, 255, 255, 255],
    quality: 80,
  },
};

describe("a storyboard", () => {
  it.each([
    { seconds: 0.04, tiles: 1, interval: 1, columns: 1, rows: 1, sheets: 1 },
    { seconds: 7, tiles: 7, interval: 1, columns: 7, rows: 1, sheets: 1 },
    { seconds: 25, tiles: 25, interval: 1, columns: 10, rows: 3, sheets: 1 },
    { seconds: 3600, tiles: 100, interval: 36, columns: 10, rows: 10, sheets: 1 },
  ])(
    "of $seconds s has $tiles tiles on one sheet by itself",
    ({ seconds, tiles, interval, columns, rows }) => {
      const plan = planStoryboard(seconds, output);
      expect(plan).toMatchObject({
        tiles,
        intervalSeconds: interval,
        columns,
        rows,
        sheets: ["board-1.jpg"],
      });
    },
  );

  it("has as many sheets as its interval makes, and a limit to that", () => {
    const plan = planStoryboard(600, { ...output, intervalSeconds: 2, columns: 5, rows: 5 });
    expect(plan.tiles).toBe(300);
    expect(plan.sheets).toHaveLength(12);
    expect(() => planStoryboard(3600, { ...output, intervalSeconds: 1 })).toThrow(/3600 tiles/);
  });

  it("says in WebVTT which part of which sheet belongs to which time", () => {
    const plan = planStoryboard(5.5, { ...output, columns: 2, rows: 2 });
    const cues = storyboardVtt(plan, { width: 160, height: 90 }).split("\n\n");
    expect(cues[0]).toBe("WEBVTT");
    expect(cues[1]).toBe("00:00:00.000 --> 00:00:01.000\nboard-1.jpg#xywh=0,0,160,90");
    expect(cues[4]).toBe("00:00:03.000 --> 00:00:04.000\nboard-1.jpg#xywh=160,90,160,90");
    expect(cues[6]?.trim()).toBe("00:00:05.000 --> 00:00:05.500\nboard-2.jpg#xywh=160,0,160,90");
  });
});
