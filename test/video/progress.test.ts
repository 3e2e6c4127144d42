import { describe, expect, it } from "vitest";
import { createProgressParser } from "../../src/video/progress.ts";

const block = (outTimeUs: string, state = "continue") =>
  `frame=30\nfps=61.5\nbitrate= 812.3kbits/s\ntotal_size=101532\nout_time_us=${outTimeUs}\nspeed=2.05x\nprogress=${state}\n`;

describe("the progress of ffmpeg", () => {
  it("is the share of the known length", () => {
    const parse = createProgressParser(10);
    expect(parse(block("2500000"))).toEqual([
      {
        fraction: 0.25,
        outTimeSeconds: 2.5,
        fps: 61.5,
        speed: 2.05,
        totalBytes: 101_532,
        bitrateKbps: 812.3,
      },
    ]);
  });

  it("of a part of the source is counted in frames", () => {
    const parse = createProgressParser(4, 120);
    const [first] = parse(block("100"));
    expect(first).toMatchObject({ fraction: 0.25, outTimeSeconds: 1 });
  });

  it("is read in pieces of any size", () => {
    const parse = createProgressParser(10);
    const blocks = [...(block("1000000") + block("2000000"))].flatMap((letter) => parse(letter));
    expect(blocks.map(({ fraction }) => fraction)).toEqual([0.1, 0.2]);
  });

  it("never goes back, over 1, or wrong by a time that is not known", () => {
    const parse = createProgressParser(10);
    const times = ["-46440", "N/A", "5000000", "4000000", "99000000"];
    const fractions = times.flatMap((time) => parse(block(time))).map(({ fraction }) => fraction);
    expect(fractions).toEqual([0, 0, 0.5, 0.5, 1]);
  });

  it("stays at 0 until the end when the length is not known", () => {
    const parse = createProgressParser(0);
    expect(parse(block("5000000") + block("6000000", "end")).map(({ fraction }) => fraction)).toEqual([0, 1]);
  });
});
