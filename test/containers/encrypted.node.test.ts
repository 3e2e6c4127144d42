import { createDecipheriv } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { planChunks } from "../../src/video/chunk-plan.ts";
import { packageStream } from "../../src/video/packaging.ts";
import type { EncodedTrack } from "../../src/video/protocol.ts";
import { keyNumberOf, segmentIv, segmentKey, streamRoot } from "../../src/video/segment-keys.ts";
import { planStream } from "../../src/video/stream-plan.ts";
import { ffprobe, makeClip } from "../fixtures/video.ts";
import { hls, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();
const encryption = { method: "aes-128", rotateEverySegments: 2 } as const;
const output = { ...hls, variants: hls.variants.slice(0, 1) };
let clip: Buffer;
let root: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  clip = await makeClip({ width: 160, height: 90, rate: "25", seconds: 8 });
  root = await streamRoot("a secret of the deployment", "job_1");
});

/** The second chunk of the clip, as stored: seconds 4 to 8. */
async function chunk() {
  const source = await studio.probe(clip);
  const [, range] = planChunks(source, planStream(source, output), 4);
  if (!range) throw new Error("The clip has one chunk only.");
  const task = studio.task(clip);
  const keys = { output: { ...output, encryption }, keyRoot: Buffer.from(root).toString("base64") };
  const { tracks } = await runTask(
    studio.transcoder,
    { kind: "chunk", ...task, source, range, ...keys },
    "tracks",
  );
  const track = tracks[0] as EncodedTrack;
  return { track, stored: (path: string) => studio.output(task, path) };
}

describe("an encrypted stream", () => {
  it("stores segments that only their keys open, and an init segment that needs none", async () => {
    const { track, stored } = await chunk();
    expect(track.segments.map(({ cipherIndex }) => cipherIndex)).toEqual([2, 3]);
    const opened: Buffer[] = [];
    for (const segment of track.segments) {
      const bytes = stored(segment.path);
      expect(bytes.length).toBe(segment.bytes);
      expect(bytes.length % 16).toBe(0);
      const index = segment.cipherIndex ?? -1;
      const key = await segmentKey(root, track.id, keyNumberOf(index, encryption));
      const decipher = createDecipheriv("aes-128-cbc", key, segmentIv(index));
      opened.push(Buffer.concat([decipher.update(bytes), decipher.final()]));
      const other = await segmentKey(root, track.id, keyNumberOf(index, encryption) + 1);
      const wrong = createDecipheriv("aes-128-cbc", other, segmentIv(index)).setAutoPadding(false);
      expect(wrong.update(bytes).includes("moof")).toBe(false);
      expect(bytes.includes("moof")).toBe(false);
    }
    const whole = await ffprobe(Buffer.concat([stored(track.initPath), ...opened]), ["-count_frames"]);
    expect(whole.streams).toMatchObject([{ codec_name: "h264", nb_read_frames: String(4 * 25) }]);
  });

  it("names a key for each segment, another after so many, and no keyframes by themselves", async () => {
    const { track } = await chunk();
    const files = packageStream([track], "hls", { encryption });
    expect(files.map(({ path }) => path)).toEqual(["master.m3u8", `${track.id}.m3u8`]);
    const lines = files[1]?.text.split("\n") ?? [];
    expect(lines.filter((line) => line.startsWith("#EXT-X-KEY"))).toEqual([
      `#EXT-X-KEY:METHOD=AES-128,URI="keys/${track.id}-1.key",IV=0x${"0".repeat(31)}2`,
      `#EXT-X-KEY:METHOD=AES-128,URI="keys/${track.id}-1.key",IV=0x${"0".repeat(31)}3`,
    ]);
    expect(lines.findIndex((line) => line.startsWith("#EXT-X-MAP"))).toBeLessThan(
      lines.findIndex((line) => line.startsWith("#EXT-X-KEY")),
    );
  });

  it("is not encoded in the clear when its keys are missing", async () => {
    const source = await studio.probe(clip);
    const request = {
      kind: "stream",
      ...studio.task(clip),
      source,
      output: { ...output, encryption },
    } as const;
    expect(await endOf(studio.transcoder, request)).toMatchObject({ type: "error", code: "internal" });
  });
});

describe("keys", () => {
  it("differ by deployment, job, track and number, and come again the same", async () => {
    const of = async (secret: string, job: string, track: string, number: number) =>
      Buffer.from(await segmentKey(await streamRoot(secret, job), track, number)).toString("hex");
    const keys = [
      await of("one", "job_1", "v0", 0),
      await of("two", "job_1", "v0", 0),
      await of("one", "job_2", "v0", 0),
      await of("one", "job_1", "v1", 0),
      await of("one", "job_1", "v0", 1),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(await of("one", "job_1", "v0", 0)).toBe(keys[0]);
    expect(keys[0]).toHaveLength(32);
  });
});
