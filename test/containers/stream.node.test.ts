import { describe, expect, it } from "vitest";
import { packageStream } from "../../src/video/packaging.ts";
import type { EncodedTrack } from "../../src/video/protocol.ts";
import { ffprobe, makeClip, rotated } from "../fixtures/video.ts";
import { hls, useStudio } from "./studio.ts";
import { endOf, postTask, runTask, taskFolders } from "./transcoder-process.ts";

const studio = useStudio();

async function stream(input: Buffer, output = hls) {
  const task = studio.task(input);
  const source = await studio.probe(input);
  const result = await runTask(studio.transcoder, { kind: "stream", ...task, source, output }, "tracks");
  return { ...result, task, source };
}

/** The init segment and some of the segments, as a player would string them together. */
function joined(task: { attemptId: string }, track: EncodedTrack | undefined, first = 0): Buffer {
  const part = (path: string) =>
    studio.store.objects.get(`work/${task.attemptId}/${path}`)?.bytes ?? Buffer.of();
  const segments = track?.segments.slice(first) ?? [];
  return Buffer.concat([part(track?.initPath ?? ""), ...segments.map(({ path }) => part(path))]);
}

describe("adaptive stream", () => {
  it("has every rung that fits the source, cut at the same whole frames", async () => {
    const { tracks, task, durationSeconds } = await stream(
      await makeClip({ seconds: 5, rate: "30000/1001" }),
    );
    expect(tracks.map((track) => track.id)).toEqual(["120p", "240p", "audio"]);
    const [low, high, audio] = tracks;
    const starts = [0, 2.002, 4.004];
    for (const track of [low, high]) {
      expect(track?.segments.map(({ startSeconds }) => startSeconds)).toEqual(
        starts.map((at) => expect.closeTo(at, 6)),
      );
      expect(track?.frameRate).toBeCloseTo(29.97, 3);
      const report = await ffprobe(joined(task, track), ["-count_frames"]);
      expect(Number(report.streams[0]?.nb_read_frames)).toBe(150);
      expect(Number(report.streams[0]?.start_time)).toBe(0);
    }
    expect(low).toMatchObject({
      width: 160,
      height: 120,
      codec: expect.stringMatching(/^avc1\.42c0[0-9a-f]{2}$/),
    });
    expect(audio).toMatchObject({ codec: "mp4a.40.2", channels: 1, sampleRate: 48_000 });
    const sound = await ffprobe(joined(task, audio), ["-count_frames"]);
    expect(Number(sound.streams[0]?.start_time)).toBe(0);
    expect(durationSeconds).toBeCloseTo(5.005, 1);
  });

  it("starts every segment with a keyframe that decodes alone", async () => {
    const { tracks, task } = await stream(await makeClip({ seconds: 4, options: ["-g", "250"] }));
    const second = joined(task, tracks[1], 1);
    const report = await ffprobe(second, ["-show_packets", "-count_frames"]);
    expect(report.packets[0]).toMatchObject({ flags: expect.stringMatching(/^K/) });
    expect(Number(report.streams[0]?.nb_read_frames)).toBe(60);
    const keyframes = report.packets.filter(({ flags }) => flags.startsWith("K"));
    expect(keyframes).toHaveLength(3);
  });

  it("stores segments while it still encodes, and keeps none of them on disk", async () => {
    const clip = await makeClip({ seconds: 8, width: 640, height: 480 });
    const task = studio.task(clip);
    const source = await studio.probe(clip);
    const output = { ...hls, encoderPreset: "slow" as const };
    const first = studio.store.stored(new RegExp(`${task.attemptId}/240p/00001.m4s$`));
    const posted = await postTask(studio.transcoder, { kind: "stream", ...task, source, output });
    await first;
    const state = await (await fetch(`${studio.transcoder.url}/tasks/${task.attemptId}`)).json();
    expect(state).toMatchObject({ state: "running" });
    const events = await posted.events();
    expect(events.at(-1)).toMatchObject({ type: "done" });
    const fractions = events.flatMap((event) => (event.type === "progress" ? [event.fraction] : []));
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(await taskFolders(studio.transcoder.workDir)).toEqual([]);
  });

  it("keeps sound and picture together when the source does not start at 0", async () => {
    const clip = await makeClip({ seconds: 3, options: ["-output_ts_offset", "10"], extension: "ts" });
    const { tracks, source } = await stream(clip);
    expect(source.startSeconds).toBeGreaterThan(9);
    for (const track of tracks) expect(track.segments[0]?.startSeconds).toBe(0);
  });

  it("streams a portrait video by its width, one below every rung at its own size", async () => {
    const clip = await rotated(
      await makeClip({ seconds: 1, width: 161, height: 121, options: ["-pix_fmt", "yuv444p"] }),
      270,
    );
    const { tracks } = await stream(clip, { ...hls, variants: hls.variants.slice(1) });
    expect(tracks[0]).toMatchObject({ id: "120p", width: 120, height: 160 });
  });

  it("cuts a variable frame rate by time", async () => {
    const clip = await makeClip({
      seconds: 5,
      options: ["-vf", "select='not(mod(n\\,3))+lt(n\\,40)'", "-fps_mode", "vfr"],
    });
    const { tracks, source } = await stream(clip);
    expect(source.video?.variableFrameRate).toBe(true);
    const [low, high] = tracks;
    expect(low?.segments.map(({ startSeconds }) => startSeconds)).toEqual(
      high?.segments.map(({ startSeconds }) => startSeconds),
    );
    expect(low?.segments).toHaveLength(3);
    expect(low?.segments[1]?.startSeconds).toBeCloseTo(2, 1);
  });

  it("plays as HLS from master playlist to last frame", async () => {
    const { tracks, task } = await stream(await makeClip({ seconds: 5 }));
    for (const { path, type, text } of packageStream(tracks, "hls")) {
      studio.store.objects.set(`work/${task.attemptId}/${path}`, { bytes: Buffer.from(text), type });
    }
    const played = await runFfprobeOn(studio.store.url(`work/${task.attemptId}/master.m3u8`));
    expect(played.frames).toBe(150);
    expect(played.streams).toEqual(expect.arrayContaining(["video", "audio"]));
  });

  it("ends with an error when storage keeps refusing", async () => {
    const clip = await makeClip({ seconds: 4 });
    const source = await studio.probe(clip);
    studio.store.failPuts(403, 1000);
    const end = await endOf(studio.transcoder, { kind: "stream", ...studio.task(clip), source, output: hls });
    studio.store.failPuts(0, 0);
    expect(end).toMatchObject({ type: "error", code: "storage_failed" });
  });
});

async function runFfprobeOn(url: string) {
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const args = ["-v", "error", "-print_format", "json", "-show_streams", "-count_frames", url];
  const { stdout, stderr } = await promisify(execFile)("ffprobe", args);
  expect(stderr).toBe("");
  const { streams } = JSON.parse(stdout) as {
    streams: { codec_type: string; height?: number; nb_read_frames: string }[];
  };
  const best = streams.find((stream) => stream.height === 240);
  return { frames: Number(best?.nb_read_frames), streams: streams.map((stream) => stream.codec_type) };
}
