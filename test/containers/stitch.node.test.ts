import { describe, expect, it } from "vitest";
import { planChunks } from "../../src/video/chunk-plan.ts";
import type { FileOutput } from "../../src/video/file-output.ts";
import { planFileParts } from "../../src/video/file-parts.ts";
import { joinTracks } from "../../src/video/join-tracks.ts";
import { stitchTrackOf } from "../../src/video/stitch.ts";
import type { StreamPlan } from "../../src/video/stream-plan.ts";
import { verifyTracks } from "../../src/video/verify-tracks.ts";
import { ffprobe, makeClip, ssimOfFrames } from "../fixtures/video.ts";
import { encodeInOne, joinedBytes } from "./chunked.ts";
import { mp4, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();
const SECONDS = 34;
/** Two encoders that start at different frames differ in what they leave out; of this quality they leave out little. */
const FINE = 8;
/** Reordered frames at the rate of NTSC, and sound: 34 s in chunks of 10. */
const clip = makeClip({ width: 96, height: 64, rate: "30000/1001", seconds: SECONDS, options: ["-bf", "2"] });

/** The tasks that a job would plan for the file, up to the one that joins. */
async function encodeParts(output: FileOutput, chunkSeconds = 10) {
  const input = await clip;
  const source = await studio.probe(input);
  const plan = planFileParts(source, output) as StreamPlan;
  const ranges = planChunks(source, plan, chunkSeconds);
  const parts = [];
  for (const own of [...ranges.map((range) => ({ kind: "chunk", range })), { kind: "audio" }]) {
    const task = studio.task(input);
    const { tracks } = await runTask(studio.transcoder, { ...task, source, output, ...own }, "tracks");
    for (const { path } of tracks.flatMap(({ segments, initPath }) => [{ path: initPath }, ...segments])) {
      const object = studio.store.objects.get(`work/${task.attemptId}/${path}`);
      if (object) studio.store.objects.set(`parts/${task.attemptId}/${path}`, object);
    }
    parts.push({ folder: task.attemptId, tracks });
  }
  const { tracks } = joinTracks(parts);
  verifyTracks(tracks);
  const task = studio.task(input);
  const partsUrl = studio.store.url("parts");
  const request = { kind: "stitch", ...task, source, output, partsUrl, tracks: tracks.map(stitchTrackOf) };
  return { request, ranges, task, plan };
}

describe("a file that was encoded in parts", () => {
  it("has every frame once, in its place, as one pass has them, and its index in front", async () => {
    const output = { ...mp4, crf: FINE, encoderPreset: "veryfast" } as const;
    const { request, ranges, task, plan } = await encodeParts(output);
    expect(ranges.length).toBe(4);
    const { files } = await runTask(studio.transcoder, request, "files");
    const stitched = studio.output(task, output.name);
    const whole = studio.task(await clip);
    await runTask(
      studio.transcoder,
      { kind: "transcode", ...whole, source: request.source, output },
      "files",
    );
    const onePass = studio.output(whole, output.name);
    const [a, b] = await Promise.all(
      [stitched, onePass].map((bytes) => ffprobe(bytes, ["-count_frames", "-show_packets"])),
    );
    expect(a?.streams[0]?.nb_read_frames).toBe(b?.streams[0]?.nb_read_frames);
    expect(a?.streams.map(({ codec_name }) => codec_name)).toEqual(["h264", "aac"]);
    expect(stitched.indexOf("moov")).toBeLessThan(stitched.indexOf("mdat"));
    expect(files[0]).toMatchObject({ type: "video/mp4", width: 96, height: 64, bytes: stitched.length });
    const times = (a?.packets ?? [])
      .filter(({ codec_type }) => codec_type === "video")
      .map(({ pts_time }) => Number(pts_time))
      .sort((x, y) => x - y);
    const frame = 1001 / 30_000;
    expect(Math.max(...times.map((at, i) => Math.abs(at - i * frame)))).toBeLessThan(0.001);
    // In one pass again, now with keyframes where the parts have theirs.
    const variants = [{ shortSidePx: 64, videoKbps: 50_000, audioKbps: 64 }];
    const same = await encodeInOne(studio, await clip, { ...plan.output, variants });
    const [picture] = same.tracks;
    const ssim = picture ? await ssimOfFrames(stitched, joinedBytes(studio, picture)) : [];
    expect(ssim).toHaveLength(times.length);
    expect(Math.min(...ssim)).toBeGreaterThanOrEqual(0.995);
    const [video, audio] = a?.streams ?? [];
    expect(Math.abs(Number(video?.duration) - Number(audio?.duration))).toBeLessThan(0.05);
    expect(Math.abs(Number(audio?.start_time))).toBeLessThan(0.03);
  }, 120_000);

  it("can be Matroska, and is refused when a part is missing", async () => {
    const output: FileOutput = { ...mp4, format: "mkv", name: "a.mkv" };
    const { request, task } = await encodeParts(output, 20);
    await runTask(studio.transcoder, request, "files");
    const { streams } = await ffprobe(studio.output(task, "a.mkv"), ["-count_frames"]);
    expect(Number(streams[0]?.nb_read_frames)).toBe(Math.round((SECONDS * 30_000) / 1001));
    const [path] = request.tracks[0]?.parts[2] ?? [];
    studio.store.objects.delete(`parts/${path}`);
    const end = await endOf(studio.transcoder, { ...request, ...studio.task(await clip) });
    expect(end).toMatchObject({ type: "error", code: "storage_failed" });
  }, 120_000);
});
