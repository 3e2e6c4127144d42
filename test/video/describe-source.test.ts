import { describe, expect, it } from "vitest";
import { readPacketTimes } from "../../src/video/describe-details.ts";
import { describeSource } from "../../src/video/describe-source.ts";

const format = { format_name: "mov,mp4", duration: "8.008000", start_time: "0.000000", bit_rate: "500000" };
const video = {
  codec_type: "video",
  codec_name: "h264",
  width: 1920,
  height: 1080,
  pix_fmt: "yuv420p",
  r_frame_rate: "30000/1001",
  avg_frame_rate: "30000/1001",
};
const audio = { codec_type: "audio", codec_name: "aac", channels: 2, sample_rate: "48000" };
const described = (stream: object) => describeSource({ format, streams: [{ ...video, ...stream }] }).video;

describe("what ffprobe says of a source", () => {
  it("is told in the terms of planning", () => {
    const subtitle = { codec_type: "subtitle", codec_name: "subrip", tags: { language: "eng" } };
    const source = describeSource({
      format,
      streams: [video, { ...audio, tags: { language: "und" } }, subtitle],
    });
    expect(source).toMatchObject({
      durationSeconds: 8.008,
      bitrateKbps: 500,
      video: {
        width: 1920,
        height: 1080,
        rotation: 0,
        frameRateRatio: "30000/1001",
        variableFrameRate: false,
      },
      audio: [{ codec: "aac", channels: 2, sampleRate: 48_000 }],
      subtitles: [{ codec: "subrip", language: "eng" }],
    });
    expect(source.audio[0]).not.toHaveProperty("language");
  });

  it.each([
    ["en\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://elsewhere.example/v.m3u8\n#", undefined],
    ['en",URI="http://elsewhere.example/', undefined],
    ["und", undefined],
    ["pt-BR", "pt-BR"],
  ])("takes %j for the language %s", (language, known) => {
    const source = describeSource({ format, streams: [video, { ...audio, tags: { language } }] });
    expect(source.audio[0]?.language).toBe(known);
  });

  it.each([
    ["a display matrix", { side_data_list: [{ side_data_type: "Display Matrix", rotation: -90 }] }, 90],
    ["a matrix the other way", { side_data_list: [{ rotation: 90 }] }, 270],
    ["the older tag", { tags: { rotate: "180" } }, 180],
    ["other side data only", { side_data_list: [{ side_data_type: "CPB properties" }] }, 0],
  ])("turns by %s", (_, stream, rotation) => {
    expect(described(stream)).toMatchObject({
      rotation,
      width: rotation % 180 === 0 ? 1920 : 1080,
      codedWidth: 1920,
    });
  });

  it.each([
    ["4:3", 2560],
    ["1:1", 1920],
    ["0:1", 1920],
    ["1:0", 1920],
    ["999:1", 1920],
  ])("makes pixels of %s square", (sample_aspect_ratio, width) => {
    expect(described({ sample_aspect_ratio })?.width).toBe(width);
  });

  it.each([
    ["30/1", "30/1", {}, "30/1", false],
    ["2997/100", "30000/1001", {}, "30000/1001", false],
    ["1000/1", "60/1", {}, "60/1", true],
    ["23/1", "60/1", {}, "23/1", true],
    ["25/1", "50/1", { field_order: "tt" }, "25/1", false],
    ["0/0", "0/0", {}, "25/1", true],
  ])("reads an average of %s and a nominal %s", (avg_frame_rate, r_frame_rate, more, ratio, variable) => {
    expect(described({ avg_frame_rate, r_frame_rate, ...more })).toMatchObject({
      frameRateRatio: ratio,
      variableFrameRate: variable,
    });
  });

  it("knows depth, interlacing and HDR", () => {
    const hdr = { pix_fmt: "yuv420p10le", color_transfer: "smpte2084", field_order: "bb" };
    expect(described(hdr)).toMatchObject({ bitDepth: 10, colorTransfer: "smpte2084", interlaced: true });
    expect(described({ pix_fmt: "p010le" })?.bitDepth).toBe(10);
    expect(described({ pix_fmt: "yuv420p" })?.bitDepth).toBe(8);
  });

  it("takes cover art for no video, and nothing for no media", () => {
    const cover = { ...video, disposition: { attached_pic: 1 } };
    expect(describeSource({ format, streams: [cover, audio] })).not.toHaveProperty("video");
    const none = expect.objectContaining({ code: "no_media_streams" });
    expect(() => describeSource({ format, streams: [cover] })).toThrow(none);
    expect(() => describeSource({})).toThrow(none);
  });

  it("does not count the time before a late start", () => {
    const late = { ...format, duration: "14.000000", start_time: "10.000000" };
    const source = describeSource({ format: late, streams: [{ ...video, duration: "4.000000" }] });
    expect(source).toMatchObject({ durationSeconds: 4, startSeconds: 10 });
  });

  it("finds the length of a track in Matroska's tag", () => {
    expect(described({ tags: { DURATION: "00:01:02.500000000" } })?.durationSeconds).toBe(62.5);
  });

  it("tells what readers of the metadata want to know, and leaves out what nobody knows", () => {
    const {
      chapters,
      video: picture,
      audio: sound,
    } = describeSource({
      format,
      streams: [
        { ...video, profile: "High", level: 40, bit_rate: "450000", color_space: "bt709", color_range: "tv" },
        { ...audio, channel_layout: "stereo", bit_rate: "96000", profile: "LC" },
      ],
      chapters: [
        { start_time: "0.000000", end_time: "4.000000", tags: { title: "One" } },
        { start_time: "9", end_time: "4" },
      ],
    });
    expect(picture).toMatchObject({
      ...{ profile: "High", level: 40, bitrateKbps: 450, colorSpace: "bt709", colorRange: "tv" },
      ...{ averageFrameRate: "30000/1001", nominalFrameRate: "30000/1001" },
    });
    expect(picture).not.toHaveProperty("pixelAspect");
    expect(sound).toMatchObject([{ channelLayout: "stereo", bitrateKbps: 96, profile: "LC" }]);
    expect(chapters).toEqual([{ startSeconds: 0, endSeconds: 4, title: "One" }]);
    expect(described({ level: -99, sample_aspect_ratio: "0:1" })).not.toHaveProperty("level");
  });

  it("is told by the times of its packets where keyframes are, and whether frames are missing", () => {
    const packets = (times: number[], keys: number[]) =>
      times.map((time) => `${(time * 0.04).toFixed(6)},${keys.includes(time) ? "K__" : "___"}`).join("\n");
    const all = Array.from({ length: 100 }, (_, i) => i);
    expect(readPacketTimes(packets(all, [0, 25, 75]))).toEqual({ keyframeSeconds: 2, irregular: false });
    // As B-frames travel.
    const reordered = all.map((i) => (i % 3 === 1 ? i + 1 : i % 3 === 2 ? i - 1 : i));
    expect(readPacketTimes(packets(reordered, [0]))).toEqual({ irregular: false });
    const gappy = all.filter((i) => i < 9 || i % 3 === 0);
    expect(readPacketTimes(packets(gappy, [0])).irregular).toBe(true);
    expect(readPacketTimes("N/A,K__\n0.04,___\n")).toEqual({ irregular: false });
    expect(readPacketTimes("")).toEqual({ irregular: false });
  });
});
