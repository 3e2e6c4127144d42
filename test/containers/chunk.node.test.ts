import { describe, expect, it } from "vitest";
import { readMediaTime } from "../../src/video/init-segment.ts";
import { ffprobe, makeClip, remux, rotated, ssimOfFrames } from "../fixtures/video.ts";
import { encodeInChunks, encodeInOne, fragmentTimes, joinedBytes, storedAt } from "./chunked.ts";
import { hls, useStudio } from "./studio.ts";

const studio = useStudio();
const output = {
  ...hls,
  variants: [
    { shortSidePx: 60, videoKbps: 4000, audioKbps: 64 },
    { shortSidePx: 120, videoKbps: 8000, audioKbps: 64 },
  ],
  // Two encoders that start at different frames differ in what they leave out; of this quality they leave out little.
  crf: 8,
  encoderPreset: "veryfast" as const,
};
/** Two segments to a chunk. */
const CHUNK_SECONDS = 4.1;
const SECONDS = 11;
const small = { width: 160, height: 120, seconds: SECONDS };
const gop = (frames: number) => ["-g", String(frames), "-keyint_min", "1"];
const reordered = ["-preset", "veryfast", "-bf", "3"];
const uneven = ["-vf", "select='not(mod(n\\,3))+lt(n\\,100)'", "-fps_mode", "vfr"];

const SOURCES: [string, () => Promise<Buffer>][] = [
  [
    "29.97 fps, B-frames",
    () => makeClip({ ...small, rate: "30000/1001", options: [...reordered, ...gop(45)] }),
  ],
  [
    "23.976 fps, one GOP",
    () => makeClip({ ...small, rate: "24000/1001", options: [...reordered, ...gop(999)] }),
  ],
  [
    "59.94 fps, open GOPs",
    () =>
      makeClip({
        ...small,
        rate: "60000/1001",
        options: [...reordered, "-x264-params", "open-gop=1:keyint=70"],
      }),
  ],
  [
    "Matroska, times in ms",
    () => makeClip({ ...small, rate: "30000/1001", extension: "mkv", options: reordered }),
  ],
  [
    "MPEG-TS that starts at 10 s, GOPs of 5 s",
    () =>
      makeClip({
        ...small,
        extension: "ts",
        options: ["-output_ts_offset", "10", ...reordered, ...gop(150)],
      }),
  ],
  [
    "an edit list that cuts into a GOP",
    async () =>
      remux(await makeClip({ ...small, seconds: 12, options: [...reordered, ...gop(60)] }), [], "mp4", [
        "-ss",
        "0.7",
      ]),
  ],
  ["turned by 90°", async () => rotated(await makeClip({ ...small, options: gop(60) }), 90)],
  [
    "interlaced",
    () =>
      makeClip({
        ...small,
        options: ["-vf", "interlace", "-flags", "+ildct+ilme", "-x264-params", "tff=1", ...gop(60)],
      }),
  ],
  [
    "AVI",
    () => makeClip({ ...small, extension: "avi", options: ["-c:v", "mpeg4", "-q:v", "3", "-bf", "0"] }),
  ],
  ["a variable frame rate", () => makeClip({ ...small, options: [...uneven, ...reordered, ...gop(60)] })],
  [
    "a variable frame rate in Matroska",
    () => makeClip({ ...small, extension: "mkv", options: [...uneven, ...gop(60)] }),
  ],
];

describe("a stream encoded in chunks", () => {
  it.each(SOURCES)("is the stream that one pass makes: %s", async (_, make) => {
    const clip = await make();
    const chunked = await encodeInChunks(studio, clip, output, CHUNK_SECONDS);
    const whole = await encodeInOne(studio, clip, output);
    expect(chunked.ranges.length).toBeGreaterThanOrEqual(3);
    expect(chunked.tracks.map(({ id }) => id)).toEqual(whole.tracks.map(({ id }) => id));
    const video = chunked.tracks.filter(({ kind }) => kind === "video");
    for (const [i, track] of video.entries()) {
      const reference = whole.tracks[i];
      if (reference === undefined) throw new Error("The whole has fewer tracks.");
      expect(track.segments.map(startOf)).toEqual(reference.segments.map(startOf));
      expect(track.initSha256).toBe(reference.initSha256);
      const made = joinedBytes(studio, track);
      const onePass = joinedBytes(studio, reference);
      expect(await frameTimes(made)).toEqual(await frameTimes(onePass));
      const ssim = await ssimOfFrames(made, onePass);
      expect(ssim.length).toBeGreaterThan(80);
      expect(Math.min(...ssim)).toBeGreaterThanOrEqual(0.995);
    }
  });

  it("looks as one pass does at the border of a chunk, at the quality of a common ladder", async () => {
    const clip = await makeClip({
      width: 640,
      height: 360,
      seconds: 9,
      options: [...reordered, ...gop(250)],
    });
    const common = {
      ...output,
      variants: [{ shortSidePx: 360, videoKbps: 750, audioKbps: 96 }],
      crf: 22,
    };
    const chunked = await encodeInChunks(studio, clip, common, CHUNK_SECONDS);
    const whole = await encodeInOne(studio, clip, common);
    const [made, onePass] = [chunked, whole].map(({ tracks }) => joinedBytes(studio, tracks[0] ?? fail()));
    const ssim = await ssimOfFrames(made ?? fail(), onePass ?? fail());
    expect(chunked.ranges.map(({ first }) => first)).toEqual([0, 2, 3]);
    for (const border of [120, 180]) {
      expect(Math.min(...ssim.slice(border - 30, border + 30))).toBeGreaterThanOrEqual(0.995);
    }
  });

  it("says on every fragment when its first frame is shown, and numbers them in order", async () => {
    const clip = await makeClip({ ...small, rate: "30000/1001", options: reordered });
    const { tracks } = await encodeInChunks(studio, clip, output, CHUNK_SECONDS);
    for (const track of tracks) {
      const lateBy = readMediaTime(storedAt(studio, track.initPath));
      const fragments = track.segments.map(({ path }) => fragmentTimes(storedAt(studio, path), lateBy));
      fragments.forEach((times, i) => {
        expect(times[0]?.decodeTicks).toBe(
          Math.round((track.segments[i]?.startSeconds ?? -1) * track.timescale),
        );
      });
      const all = fragments.flat();
      for (const [i, { decodeTicks, shownTicks, endTicks, sequence }] of all.entries()) {
        const next = all[i + 1];
        expect(shownTicks).toBe(decodeTicks);
        if (next === undefined) continue;
        expect(next.decodeTicks).toBe(endTicks);
        expect(next.sequence).toBeGreaterThan(sequence);
      }
    }
    const [low, high] = tracks;
    expect(low?.segments.map(startOf)).toEqual(high?.segments.map(startOf));
    expect(low?.segments.map(startOf)).toEqual([0, 1, 2, 3, 4, 5].map((i) => (i * 60 * 1001) / 30_000));
  });

  it("names the bytes of every keyframe, which decode by themselves", async () => {
    const { tracks } = await encodeInChunks(studio, await makeClip(small), output, CHUNK_SECONDS);
    const [track] = tracks;
    const segment = track?.segments[2];
    if (track === undefined || segment === undefined) throw new Error("There is no such segment.");
    expect(segment.keyframes).toHaveLength(3);
    for (const [at, offset, bytes] of segment.keyframes ?? []) {
      const picture = storedAt(studio, segment.path).subarray(offset, offset + bytes);
      const report = await ffprobe(Buffer.concat([storedAt(studio, track.initPath), picture]), [
        "-count_frames",
      ]);
      expect(Number(report.streams[0]?.nb_read_frames)).toBe(1);
      expect(Number(report.streams[0]?.start_time)).toBeCloseTo(at, 3);
    }
  });

  it("ends where the picture ends, though the container promises more", async () => {
    const clip = await makeClip({ ...small, options: gop(30) });
    const source = await studio.probe(clip);
    const promised = {
      ...source,
      durationSeconds: 20,
      video: { ...source.video, durationSeconds: undefined },
    };
    const probe = studio.probe;
    studio.probe = async () => promised as typeof source;
    const { tracks, ranges } = await encodeInChunks(studio, clip, output, CHUNK_SECONDS);
    studio.probe = probe;
    expect(ranges.length).toBe(5);
    expect(tracks[0]?.segments).toHaveLength(6);
    expect(
      Number(
        (await ffprobe(joinedBytes(studio, tracks[0] ?? fail()), ["-count_frames"])).streams[0]
          ?.nb_read_frames,
      ),
    ).toBe(330);
  });
});

function fail(): never {
  throw new Error("There is no track.");
}

const startOf = ({ startSeconds }: { startSeconds: number }) => startSeconds;

/** When each frame is shown, in the order of the screen. */
async function frameTimes(bytes: Buffer): Promise<number[]> {
  const { packets } = await ffprobe(bytes, ["-show_packets", "-select_streams", "v"]);
  return packets.map(({ pts_time }) => Number(pts_time)).sort((a, b) => a - b);
}
