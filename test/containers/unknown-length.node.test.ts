import { beforeAll, describe, expect, it } from "vitest";
import type { SourceDescription } from "../../src/video/source.ts";
import type { WaveformData } from "../../src/video/waveform.ts";
import { ffprobe, fromSources } from "../fixtures/video.ts";
import { hls, mp4, useStudio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

const studio = useStudio();
const SECONDS = 4;

/** As browsers record: no length, no index. */
let recording: Buffer;
let source: SourceDescription;
beforeAll(async () => {
  const picture = `testsrc2=size=64x48:rate=20:duration=${SECONDS}[out0]`;
  const sound = `sine=frequency=440:duration=${SECONDS}[out1]`;
  const codecs = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"];
  recording = await fromSources([picture, sound], [...codecs, "-live", "1"], "webm");
  expect((await ffprobe(recording)).format.duration).toBeUndefined();
  source = await studio.probe(recording);
}, 60_000);

async function make(kind: string, output: object, result: "files" | "tracks" = "files") {
  const task = studio.task(recording);
  const made = await runTask(studio.transcoder, { kind, ...task, source, output }, result);
  return { made, read: (name: string) => studio.output(task, name) };
}

describe("a recording that does not say how long it is", () => {
  it("is as long as its last packet says", () => {
    expect(Math.abs(source.durationSeconds - SECONDS)).toBeLessThan(0.1);
    expect(source.bitrateKbps).toBeGreaterThan(10);
  });

  it("becomes a film, whole or cut, and a stream", async () => {
    const { read } = await make("transcode", mp4);
    expect(Math.abs(Number((await ffprobe(read(mp4.name))).format.duration) - SECONDS)).toBeLessThan(0.1);
    const cut = await make("transcode", { ...mp4, startSeconds: 1, endSeconds: 3 });
    expect(Math.abs(Number((await ffprobe(cut.read(mp4.name))).format.duration) - 2)).toBeLessThan(0.1);
    const { made } = await make("stream", { ...hls, variants: hls.variants.slice(0, 1) }, "tracks");
    expect(made).toMatchObject({ tracks: [{ kind: "video" }, { kind: "audio" }] });
  });

  it("has a waveform of as many points as were asked for, and tiles for all of it", async () => {
    const look = { width: 100, height: 40, color: [0, 0, 0, 255] };
    const wave = await make("waveform", {
      format: "waveform",
      name: "w.json",
      points: 50,
      ...look,
      as: "json",
    });
    const { length } = JSON.parse(wave.read("w.json").toString()) as WaveformData;
    expect(Math.abs(length - 50)).toBeLessThanOrEqual(2);
  });
});
