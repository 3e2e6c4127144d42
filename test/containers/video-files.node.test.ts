import { describe, expect, it } from "vitest";
import { CONTAINERS, FILE_FORMATS, type FileFormat } from "../../src/video/codecs.ts";
import type { FileOutput } from "../../src/video/file-output.ts";
import { cellsOf, ffprobe, makeClip } from "../fixtures/video.ts";
import { mp4, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();
const clip = makeClip({ width: 96, height: 64, rate: "10", seconds: 1 });

async function transcode(output: Partial<FileOutput>, input = clip) {
  const bytes = await input;
  const task = studio.task(bytes);
  const source = await studio.probe(bytes);
  const asked = { ...mp4, audioKbps: 64, ...output };
  const result = await runTask(
    studio.transcoder,
    { kind: "transcode", ...task, source, output: asked },
    "files",
  );
  const made = studio.output(task, asked.name);
  return { made, result, report: await ffprobe(made, ["-count_frames", "-show_packets"]) };
}

/** As ffprobe calls them. */
const PROBED = { h264: "h264", h265: "hevc", vp9: "vp9", av1: "av1" } as const;
const CRF = { h264: 30, h265: 30, vp9: 40, av1: 45 } as const;

/** Every video codec of each container once, with each of its audio codecs at least once. */
const PAIRS = FILE_FORMATS.flatMap((format) => {
  const { video, audio } = CONTAINERS[format];
  const count = Math.max(video.length, audio.length);
  return Array.from(
    { length: count },
    (_, i) => [format, video[i % video.length] ?? "h264", audio[i % audio.length] ?? "aac"] as const,
  );
});

describe("a file of each container", () => {
  it.each(PAIRS)("%s with %s and %s", async (format, videoCodec, audioCodec) => {
    const { report, result } = await transcode({
      ...{ format, videoCodec, audioCodec, crf: CRF[videoCodec] },
      name: `clip.${format}`,
    });
    const [video, audio] = report.streams;
    expect(video).toMatchObject({
      codec_name: PROBED[videoCodec],
      width: 96,
      height: 64,
      pix_fmt: "yuv420p",
    });
    expect(audio?.codec_name).toBe(audioCodec);
    expect(Number(video?.nb_read_frames)).toBe(10);
    expect(result.files[0]).toMatchObject({ type: CONTAINERS[format].mime, width: 96 });
    expect(result.files[0]?.durationSeconds).toBeGreaterThan(0.9);
    expect(result.files[0]?.durationSeconds).toBeLessThan(1.2);
    expect(result.notes).toEqual([]);
  });

  it.each<FileFormat>(["webm", "mkv"])("has the index of %s in front", async (format) => {
    const [videoCodec, audioCodec] =
      format === "webm" ? (["vp9", "opus"] as const) : (["h264", "aac"] as const);
    const { made } = await transcode({ format, videoCodec, audioCodec, name: `a.${format}` });
    const [cues, cluster] = [Buffer.from("1c53bb6b", "hex"), Buffer.from("1f43b675", "hex")];
    // The seek head names the cues too: the second mention is the element.
    expect(made.indexOf(cues, made.indexOf(cues) + 4)).toBeLessThan(made.indexOf(cluster));
  });
});

describe("what a file is asked for", () => {
  it("has the profile, level, pixels, keyframes and sound of the specification", async () => {
    const { report } = await transcode({
      ...{ codecProfile: "main", level: "3.1", keyframeSeconds: 0.5, encoderPreset: "veryfast" },
      ...{ audioChannels: 1, audioSampleRate: 22_050 },
    });
    const [video, audio] = report.streams;
    expect(video).toMatchObject({ profile: "Main", level: 31 });
    expect(audio).toMatchObject({ channels: 1, sample_rate: "22050" });
    const pictures = report.packets.filter(({ codec_type }) => codec_type === "video");
    const keys = pictures
      .filter(({ flags }) => flags.startsWith("K"))
      .map(({ pts_time }) => Number(pts_time));
    expect(keys).toEqual([0, 0.5]);
  });

  it("keeps ten bits where they are asked for", async () => {
    const { report } = await transcode({ videoCodec: "h265", pixelFormat: "yuv420p10le" });
    expect(report.streams[0]).toMatchObject({ profile: "Main 10", pix_fmt: "yuv420p10le" });
  });

  it.each(["h264", "h265", "vp9"] as const)("comes near a target in two passes of %s", async (videoCodec) => {
    const noisy = makeClip({
      ...{ width: 160, height: 96, rate: "25", seconds: 2, sound: false },
      options: ["-vf", "noise=alls=40:allf=t", "-crf", "10"],
    });
    const { made } = await transcode({ videoCodec, targetVideoKbps: 200, twoPass: true }, noisy);
    const kbps = (made.length * 8) / 2 / 1000;
    expect(kbps).toBeGreaterThan(140);
    expect(kbps).toBeLessThan(270);
  });

  it("changes the frame rate, with sound as long as the picture", async () => {
    const { report } = await transcode({ frameRate: 25 });
    const [video, audio] = report.streams;
    expect(Number(video?.nb_read_frames)).toBe(25);
    expect(Math.abs(Number(video?.duration) - Number(audio?.duration))).toBeLessThan(0.05);
  });

  it("pads, crops and stretches to the box", async () => {
    const box = { width: 64, height: 64 };
    const padded = await transcode({ ...box, resizeMode: "pad", background: [255, 0, 0] });
    expect(padded.report.streams[0]).toMatchObject(box);
    const cells = await cellsOf(padded.made, 0, 1, 8);
    // Red has a brightness of 76 or so; the picture, 42 px high, stands between.
    expect(Math.abs((cells[0] ?? 0) - 76)).toBeLessThan(12);
    expect(Math.abs((cells[7] ?? 0) - 76)).toBeLessThan(12);
    for (const resizeMode of ["crop", "fill"] as const) {
      expect((await transcode({ ...box, resizeMode })).report.streams[0]).toMatchObject(box);
    }
  });
});

describe("a cut", () => {
  // A new brightness every tenth of a second, and a tone that begins with the sixth frame.
  const stairs = makeClip({
    ...{ width: 64, height: 64, rate: "10", seconds: 2 },
    options: [
      ...["-vf", "geq=lum='16+N*10':cb=128:cr=128", "-af", "volume=0:enable='lt(t,0.6)'"],
      ...["-crf", "1", "-g", "100"],
    ],
  });
  const brightness = async (bytes: Buffer, frame: number) =>
    (await cellsOf(bytes, Math.max(0, frame / 10 - 0.02), 1, 1))[0] ?? 0;

  it("begins and ends with the frames that were meant", async () => {
    const { made, report, result } = await transcode({ startSeconds: 0.5, endSeconds: 1.1, crf: 1 }, stairs);
    const whole = await stairs;
    expect(Number(report.streams[0]?.nb_read_frames)).toBe(6);
    for (const frame of [0, 3, 5]) {
      expect(Math.abs((await brightness(made, frame)) - (await brightness(whole, frame + 5)))).toBeLessThan(
        3,
      );
    }
    expect(result.files[0]?.durationSeconds).toBeCloseTo(0.6, 2);
    expect(Math.abs(Number(report.streams[1]?.duration) - 0.6)).toBeLessThan(0.03);
  });

  it.each<FileFormat>(["mkv", "webm", "ts"])("is as exact in %s", async (format) => {
    const codecs = format === "webm" ? ({ videoCodec: "vp9", audioCodec: "opus" } as const) : {};
    const output = { format, name: `a.${format}`, startSeconds: 0.7, endSeconds: 1.2, ...codecs };
    const { report } = await transcode(output, stairs);
    expect(Number(report.streams[0]?.nb_read_frames)).toBe(5);
  });

  it("of a variable frame rate keeps the times", async () => {
    const uneven = makeClip({
      ...{ width: 64, height: 64, rate: "30" },
      options: ["-vf", "select='not(mod(n\\,3))+lt(n\\,20)'", "-fps_mode", "vfr"],
    });
    const { report } = await transcode({ startSeconds: 0.5, endSeconds: 1.5 }, uneven);
    const times = report.packets
      .filter(({ codec_type }) => codec_type === "video")
      .map((p) => Number(p.pts_time));
    expect(Math.min(...times)).toBeCloseTo(0, 3);
    expect(times.length).toBeGreaterThan(9);
    expect(Math.max(...times)).toBeLessThan(1);
  });

  it("that begins after the end is refused, and one that ends after it says so", async () => {
    const bytes = await clip;
    const source = await studio.probe(bytes);
    const task = { kind: "transcode", ...studio.task(bytes), source } as const;
    const end = await endOf(studio.transcoder, { ...task, output: { ...mp4, startSeconds: 5 } });
    expect(end).toMatchObject({ type: "error", code: "impossible_output" });
    const { result } = await transcode({ startSeconds: 0.5, endSeconds: 90 });
    expect(result.notes).toEqual([expect.stringContaining("ends with its source")]);
  });
});
