import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cellsOf, ffprobe, makeClip, rotated } from "../fixtures/video.ts";
import { mp4, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();

async function transcode(input: Buffer, output = mp4) {
  const task = studio.task(input);
  const source = await studio.probe(input);
  const result = await runTask(studio.transcoder, { kind: "transcode", ...task, source, output }, "files");
  const bytes = studio.output(task, output.name);
  return {
    file: result.files[0],
    notes: result.notes,
    bytes,
    report: await ffprobe(bytes, ["-count_frames"]),
  };
}

describe("progressive MP4", () => {
  it("plays from the first byte, in H.264 and AAC, as long as the source", async () => {
    const { file, bytes, report } = await transcode(await makeClip({ rate: "30000/1001" }));
    const [video, audio] = report.streams;
    expect(video).toMatchObject({ codec_name: "h264", pix_fmt: "yuv420p", width: 320, height: 240 });
    expect(audio).toMatchObject({ codec_name: "aac" });
    expect(Number(video?.nb_read_frames)).toBe(60);
    expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
    expect(file).toMatchObject({ name: "web.mp4", type: "video/mp4", bytes: bytes.length, width: 320 });
    expect(file?.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(file?.durationSeconds).toBeCloseTo(2, 1);
  });

  it("stands a phone's portrait video upright", async () => {
    const clip = await makeClip({ seconds: 1 });
    const turned = await rotated(clip, 90);
    expect((await studio.probe(turned)).video).toMatchObject({ width: 240, height: 320, rotation: 90 });
    const { report, bytes } = await transcode(turned);
    expect(report.streams[0]).toMatchObject({ width: 240, height: 320 });
    const made = await cellsOf(bytes, 0, 6, 8);
    const expected = await cellsOf(turned, 0, 6, 8);
    expect(Math.max(...made.map((cell, i) => Math.abs(cell - (expected[i] ?? 0))))).toBeLessThan(12);
  });

  it("makes odd sides even and keeps within the box", async () => {
    const odd = await makeClip({ width: 321, height: 241, seconds: 1, options: ["-pix_fmt", "yuv444p"] });
    expect((await transcode(odd)).report.streams[0]).toMatchObject({ width: 320, height: 240 });
    const boxed = await transcode(odd, { ...mp4, width: 161, height: 500 });
    expect(boxed.report.streams[0]).toMatchObject({ width: 160, height: 120 });
  });

  it("gives a silent video no audio track", async () => {
    const { report } = await transcode(await makeClip({ sound: false, seconds: 1 }));
    expect(report.streams.map((stream) => stream.codec_type)).toEqual(["video"]);
  });

  it("makes square pixels of anamorphic ones", async () => {
    const clip = await makeClip({ seconds: 1, options: ["-vf", "setsar=4/3"] });
    const { report } = await transcode(clip);
    expect(report.streams[0]).toMatchObject({ width: 426, height: 240, sample_aspect_ratio: "1:1" });
  });

  it("deinterlaces", async () => {
    const clip = await makeClip({
      seconds: 1,
      rate: "25",
      options: ["-vf", "interlace", "-flags", "+ilme+ildct", "-x264-params", "interlaced=1"],
    });
    expect((await studio.probe(clip)).video).toMatchObject({ interlaced: true, frameRate: 12.5 });
    expect((await transcode(clip)).report.streams[0]).toMatchObject({ field_order: "progressive" });
  });

  it("brings HDR to ordinary colours", async () => {
    const clip = await makeClip({
      seconds: 1,
      options: [
        ...["-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084", "-color_primaries", "bt2020"],
        ...["-colorspace", "bt2020nc"],
      ],
    });
    expect((await studio.probe(clip)).video).toMatchObject({ bitDepth: 10, colorTransfer: "smpte2084" });
    expect((await transcode(clip)).report.streams[0]).toMatchObject({
      pix_fmt: "yuv420p",
      color_transfer: "bt709",
    });
  });

  it("keeps HDR where it is asked to, with the light that it was graded for", async () => {
    const light = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)";
    const clip = await makeClip({
      seconds: 1,
      options: [
        ...["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084"],
        ...["-color_primaries", "bt2020", "-colorspace", "bt2020nc"],
        ...["-x265-params", `log-level=error:hdr10=1:master-display=${light}:max-cll=1000,400`],
      ],
    });
    const source = await studio.probe(clip);
    expect(source.video?.light).toMatchObject({
      display: { red: [0.68, 0.32], maxNits: 1000, minNits: 0.0001 },
      content: { maxNits: 1000, averageNits: 400 },
    });
    const kept = {
      pix_fmt: "yuv420p10le",
      color_transfer: "smpte2084",
      color_primaries: "bt2020",
      color_space: "bt2020nc",
    };
    for (const videoCodec of ["h265", "vp9"] as const) {
      const { report, bytes } = await transcode(clip, { ...mp4, videoCodec, hdr: "keep" });
      expect(report.streams[0], videoCodec).toMatchObject(kept);
      if (videoCodec === "h265")
        expect((await studio.probe(bytes)).video?.light).toEqual(source.video?.light);
    }
    expect((await transcode(clip, { ...mp4, videoCodec: "h265" })).report.streams[0]).toMatchObject({
      pix_fmt: "yuv420p",
      color_transfer: "bt709",
    });
  });

  it("keeps HLG in AV1", async () => {
    const clip = await makeClip({
      seconds: 1,
      options: [
        ...["-pix_fmt", "yuv420p10le", "-color_trc", "arib-std-b67", "-color_primaries", "bt2020"],
        ...["-colorspace", "bt2020nc"],
      ],
    });
    const { report } = await transcode(clip, { ...mp4, videoCodec: "av1", crf: 50, hdr: "keep" });
    expect(report.streams[0]).toMatchObject({
      ...{ codec_name: "av1", pix_fmt: "yuv420p10le" },
      ...{ color_transfer: "arib-std-b67", color_primaries: "bt2020", color_space: "bt2020nc" },
    });
  });

  it("keeps the times of a variable frame rate", async () => {
    const clip = await makeClip({
      options: ["-vf", "select='not(mod(n\\,3))+lt(n\\,20)'", "-fps_mode", "vfr"],
    });
    const { bytes } = await transcode(clip);
    const times = async (of: Buffer) =>
      (await ffprobe(of, ["-show_packets", "-select_streams", "v"])).packets
        .map((packet) => Number(packet.pts_time))
        .sort((a, b) => a - b);
    const before = await times(clip);
    const after = await times(bytes);
    expect(after.length).toBe(before.length);
    expect(Math.max(...after.map((at, i) => Math.abs(at - (before[i] ?? 0))))).toBeLessThan(0.001);
  });

  it("refuses sound alone", async () => {
    const clip = await makeClip({ picture: false, extension: "m4a" });
    const source = await studio.probe(clip);
    expect(source.video).toBeUndefined();
    const end = await endOf(studio.transcoder, {
      kind: "transcode",
      ...studio.task(clip),
      source,
      output: mp4,
    });
    expect(end).toMatchObject({ type: "error", code: "no_video_stream" });
  });
});
