import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { sniffType } from "../../src/media/sniff.ts";
import { outputSpecification } from "../../src/submission/output-specification.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";

function resolve(asked: object[], kind: "image" | "video" = "video") {
  return resolveOutputs(
    asked.map((each) => outputSpecification.parse(each)),
    kind,
  ).outputs;
}

function refusals(asked: object[], kind: "image" | "video" = "video"): string[] {
  try {
    resolve(asked, kind);
    return [];
  } catch (error) {
    return (error as MediaError).errors.map(({ path }) => path.replace("output_specifications.", ""));
  }
}

describe("stills of a video", () => {
  it("are numbered when there are several, and belong together", () => {
    expect(resolve([{ format: "jpeg", name: "p.jpg", thumbnails: { at: [1, 2.5] } }])).toMatchObject([
      { format: "thumbnail", name: "p-1.jpg", set: "p.jpg", atSeconds: 1, image: { name: "p-1.jpg" } },
      { format: "thumbnail", name: "p-2.jpg", set: "p.jpg", atSeconds: 2.5 },
    ]);
    expect(resolve([{ format: "png", thumbnails: { count: 3, best: true } }])).toMatchObject([
      { name: "png-1.png", best: { index: 0, count: 3 } },
      { name: "png-2.png", best: { index: 1, count: 3 } },
      { name: "png-3.png", best: { index: 2, count: 3 } },
    ]);
    expect(resolve([{ preset: "poster" }])).toMatchObject([{ name: "poster.jpg", best: { count: 1 } }]);
  });

  it("have storyboards and previews with sizes of their own", () => {
    expect(resolve([{ format: "jpeg", storyboard: { interval: 2 } }])).toMatchObject([
      {
        format: "storyboard",
        name: "storyboard.vtt",
        intervalSeconds: 2,
        columns: 10,
        image: { width: 160 },
      },
    ]);
    expect(resolve([{ preset: "preview_clip" }])).toMatchObject([
      { format: "preview", name: "preview_clip.webp", durationSeconds: 4, moments: 4, width: 320 },
    ]);
  });

  it.each([
    [
      [
        { format: "jpeg", name: "a.jpg", thumbnails: { at: [1, 2] } },
        { format: "jpeg", name: "a-2.jpg" },
      ],
      ["1.name"],
    ],
    [
      [
        { format: "jpeg", storyboard: {} },
        { format: "jpeg", name: "storyboard-7.jpg" },
      ],
      ["1.name"],
    ],
    [[{ format: "jpeg", name: "board.jpg", storyboard: {} }], ["0.name"]],
    [[{ format: "jpeg", storyboard: {}, width: 1000 }], ["0.width"]],
    [[{ format: "jpeg", thumbnails: { at: [1] }, storyboard: {}, name: "a.vtt" }], ["0.storyboard"]],
    [[{ format: "jpeg", preview: {} }], ["0.preview"]],
    [[{ format: "mp4", thumbnails: { at: [1] } }], ["0.thumbnails"]],
    [[{ format: "svg" }], ["0.format"]],
  ])("are refused with the field named: %j", (asked, paths) => {
    expect(refusals(asked)).toEqual(paths);
  });

  it("are not made of images", () => {
    expect(refusals([{ format: "webp", preview: {} }], "image")).toEqual(["0.preview"]);
    expect(refusals([{ format: "mp3" }], "image")).toEqual(["0.format"]);
  });
});

describe("sound", () => {
  it("has a codec and a rate that suit its container", () => {
    expect(
      resolve([{ format: "ogg" }, { format: "mp3", audio_bitrate: 96, audio_channels: 1 }]),
    ).toMatchObject([
      { format: "ogg", name: "ogg.ogg", codec: "opus", kbps: 96 },
      { format: "mp3", codec: "mp3", kbps: 96, channels: 1 },
    ]);
    expect(resolve([{ preset: "audio_podcast" }])).toMatchObject([
      { format: "m4a", codec: "aac", loudness: { integrated: -16, truePeak: -1.5 } },
    ]);
    expect(resolve([{ format: "png", waveform: {}, width: 640 }])).toMatchObject([
      { format: "waveform", as: "png", points: 640, width: 640, height: 200, color: [0, 0, 0, 255] },
    ]);
  });

  it("is analysed when JSON is asked for and nothing else", () => {
    expect(resolve([{ format: "json" }])).toEqual([{ format: "analysis", name: "json.json" }]);
    expect(
      refusals([
        { format: "json", name: "a.json" },
        { format: "jpeg", name: "a-shots.vtt" },
      ]),
    ).toEqual(["1.name"]);
  });

  it.each([
    [{ format: "mp3", audio_codec: "opus" }, ["0.audio_codec"]],
    [{ format: "mp3", audio_bitrate: 512 }, ["0.audio_bitrate"]],
    [{ format: "ogg", audio_sample_rate: 44_100 }, ["0.audio_sample_rate"]],
    [{ format: "mp4", loudness: {} }, ["0.loudness"]],
    [{ format: "json", waveform: { color: "nocolour" } }, ["0.waveform.color"]],
    [{ format: "mp3", waveform: {} }, ["0.waveform"]],
  ])("is refused with the field named: %j", (asked, paths) => {
    expect(refusals([asked])).toEqual(paths);
  });

  it("is known by its first bytes, and may come in a container of video", async () => {
    const mp3 = Uint8Array.of(0xff, 0xfb, 0x90, 0x44, ...new Uint8Array(500));
    expect(await sniffType(mp3, "talk.mp3", "")).toEqual({ kind: "audio", type: "audio/mpeg" });
    expect(await sniffType(mp3, "talk.mp4", "video/mp4")).toMatchObject({ kind: "audio" });
    await expect(sniffType(mp3, "talk.jpg", "")).rejects.toBeInstanceOf(MediaError);
    const midi = new TextEncoder().encode("MThd\0\0\0\u0006\0\u0001\0\u0001\0\u0060MTrk");
    await expect(sniffType(midi, "tune", "")).rejects.toMatchObject({ code: "unsupported_type" });
  });
});
