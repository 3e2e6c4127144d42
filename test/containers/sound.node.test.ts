import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import type { WaveformData } from "../../src/video/waveform.ts";
import { ffprobe, fromSources, makeClip, soundWithCover } from "../fixtures/video.ts";
import { useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();
let clip: Buffer;
beforeAll(async () => {
  clip = await makeClip({ width: 64, height: 48, seconds: 4 });
});

async function make(kind: "sound" | "waveform", output: object, input = clip) {
  const source = await studio.probe(input);
  const task = studio.task(input);
  const { files, notes } = await runTask(studio.transcoder, { kind, ...task, source, output }, "files");
  return { file: files[0], notes, bytes: studio.output(task, files[0]?.path ?? "") };
}

const kinds = [
  { format: "m4a", codec: "aac", type: "audio/mp4", rate: "48000" },
  { format: "mp3", codec: "mp3", type: "audio/mpeg", rate: "48000" },
  { format: "ogg", codec: "opus", type: "audio/ogg", rate: "48000" },
  { format: "ogg", codec: "vorbis", type: "audio/ogg", rate: "48000" },
];

describe("a file of sound", () => {
  it.each(kinds)("is $codec in $format, as long as the source", async ({ format, codec, type, rate }) => {
    const { file, bytes } = await make("sound", { format, name: `a.${format}`, codec, kbps: 96 });
    expect(file).toMatchObject({ type });
    const { streams, format: container } = await ffprobe(bytes);
    expect(streams).toMatchObject([
      { codec_name: codec, codec_type: "audio", sample_rate: rate, channels: 1 },
    ]);
    expect(Math.abs(Number(container.duration) - 4)).toBeLessThan(0.06);
  });

  it("has the channels and the rate that are asked for, and only the part", async () => {
    const output = { format: "m4a", name: "a.m4a", codec: "aac", kbps: 64, channels: 2, sampleRate: 22_050 };
    const { bytes } = await make("sound", { ...output, startSeconds: 1, endSeconds: 2.5 });
    const { streams, format } = await ffprobe(bytes);
    expect(streams).toMatchObject([{ sample_rate: "22050", channels: 2 }]);
    expect(Math.abs(Number(format.duration) - 1.5)).toBeLessThan(0.1);
  });

  it("is brought to its loudness, and says what it was", async () => {
    const loudness = { integrated: -16, truePeak: -1.5 };
    const { bytes, notes } = await make("sound", {
      ...{ format: "mp3", name: "pod.mp3", codec: "mp3", kbps: 96, loudness },
    });
    expect(notes[0]).toMatch(
      /^The loudness of pod.mp3: -2\d\.\d LUFS, true peak -\d+\.\d dBTP before, -1[56]\.\d LUFS/,
    );
    const again = await make(
      "sound",
      { format: "mp3", name: "b.mp3", codec: "mp3", kbps: 96, loudness },
      bytes,
    );
    expect(Number(/: (-[\d.]+) LUFS/.exec(again.notes[0] ?? "")?.[1])).toBeCloseTo(-16, 0);
  });

  it("that is silent stays so", async () => {
    const silence = await fromSources(["anullsrc=duration=1"], ["-c:a", "aac"], "m4a");
    const loudness = { integrated: -16, truePeak: -1.5 };
    const { notes } = await make(
      "sound",
      { format: "mp3", name: "a.mp3", codec: "mp3", kbps: 64, loudness },
      silence,
    );
    expect(notes).toEqual(["a.mp3 is silent, so its loudness was left as it is."]);
  });

  it("cannot be made of a silent film, nor of what lies behind the end", async () => {
    const film = await makeClip({ width: 64, height: 48, seconds: 1, sound: false });
    const source = await studio.probe(film);
    const output = { format: "mp3", name: "a.mp3", codec: "mp3", kbps: 64 };
    const none = await endOf(studio.transcoder, { kind: "sound", ...studio.task(film), source, output });
    expect(none).toMatchObject({ code: "no_audio_stream" });
    const late = { ...output, startSeconds: 10 };
    const loud = await studio.probe(clip);
    const beyond = await endOf(studio.transcoder, {
      kind: "sound",
      ...studio.task(clip),
      source: loud,
      output: late,
    });
    expect(beyond).toMatchObject({ code: "impossible_output" });
  });
});

describe("a waveform", () => {
  const output = { format: "waveform", points: 100, width: 200, height: 60, color: [0, 0, 255, 255] };

  it("as data is one pair of peaks for each pixel", async () => {
    const { bytes, file } = await make("waveform", { ...output, name: "w.json", as: "json" });
    expect(file?.type).toBe("application/json");
    const data = JSON.parse(bytes.toString()) as WaveformData;
    expect(data).toMatchObject({ version: 2, channels: 1, sample_rate: 48_000, bits: 8 });
    expect(data.length).toBeGreaterThanOrEqual(99);
    expect(data.data).toHaveLength(data.length * 2);
    expect(Math.max(...data.data)).toBeGreaterThan(5);
  });

  it("as a picture is drawn, transparent unless told otherwise", async () => {
    const drawn = await make("waveform", { ...output, name: "w.png", as: "png" });
    expect(drawn.file).toMatchObject({ type: "image/png", width: 200, height: 60 });
    const { channels, isOpaque } = await sharp(drawn.bytes).stats();
    expect(isOpaque).toBe(false);
    expect(channels[2]?.max).toBe(255);
    const svg = await make("waveform", {
      ...output,
      name: "w.svg",
      as: "svg",
      background: [255, 255, 255, 255],
    });
    expect(svg.file).toMatchObject({ type: "image/svg+xml", width: 200, height: 60 });
    expect(svg.bytes.toString()).toContain("<rect");
  });
});

describe("an MP3 with a cover", () => {
  it("is sound with an attached picture", async () => {
    expect(await studio.probe(await soundWithCover())).toMatchObject({
      audio: [{ codec: "mp3" }],
      attachedPicture: { codec: "mjpeg", width: 96, height: 64 },
    });
  });
});
