import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ffprobe, fromSources, makeClip, remux } from "../fixtures/video.ts";
import { mp4, useStudio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

const studio = useStudio();
const small = { width: 64, height: 48, seconds: 1 };

/** An MP4 whose headers claim a day: `mvhd`, `mdhd` and `tkhd`, all of version 0, in the ticks of each. */
async function claimingADay(): Promise<Buffer> {
  const clip = Buffer.from(await makeClip(small));
  for (const [box, scaleAt, lengthAt] of [
    ["mvhd", 16, 20],
    ["mdhd", 16, 20],
  ] as const) {
    for (let at = clip.indexOf(box); at >= 0; at = clip.indexOf(box, at + 4)) {
      clip.writeUInt32BE(clip.readUInt32BE(at + scaleAt) * 86_400, at + lengthAt);
    }
  }
  for (let at = clip.indexOf("tkhd"); at >= 0; at = clip.indexOf("tkhd", at + 4)) {
    clip.writeUInt32BE(1000 * 86_400, at + 24);
  }
  return clip;
}

async function withFont(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "darkroom-font-"));
  const font = join(folder, "font.ttf");
  try {
    await writeFile(font, Buffer.alloc(100_000, 7));
    const attached = ["-attach", font, "-metadata:s:t", "mimetype=font/ttf", "-map", "0"];
    return await remux(await makeClip(small), attached, "mkv");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Matroska that says it goes on in another file, by UID and by name, as linked segments do. */
async function linked(): Promise<Buffer> {
  const title = "x".repeat(77);
  const clip = await remux(await makeClip(small), ["-metadata", `title=${title}`], "mkv");
  const nextUid = Buffer.from([0x3e, 0xb9, 0x23, 0x90, ...Array.from({ length: 16 }, () => 9)]);
  const nextFilename = Buffer.from([0x3e, 0x83, 0xbb, 0x8d, ...Buffer.from("/etc/hostname")]);
  // In place of the title, with a void for what is left of its 80 bytes.
  const link = Buffer.concat([nextUid, nextFilename, Buffer.from([0xec, 0x80 | 41]), Buffer.alloc(41)]);
  link.copy(clip, clip.indexOf(title) - 3);
  return clip;
}

/** What it is, how it is made, and the frames that a film of it has. */
const INPUTS: [string, () => Promise<Buffer>, number][] = [
  [
    "one pixel",
    () =>
      fromSources(["color=red:size=16x16:rate=5:duration=1,format=rgb24,crop=1:1"], ["-c:v", "png"], "mkv"),
    5,
  ],
  [
    "times before 0",
    async () => remux(await makeClip(small), ["-copyts"], "mkv", ["-itsoffset", "-0.7"]),
    30,
  ],
  ["headers that claim a day", claimingADay, 30],
  ["a comment of 120,000 bytes", withComment, 30],
  ["a font attached", withFont, 30],
  ["a link to another segment", linked, 30],
  ["the container NUT", async () => remux(await makeClip(small), [], "nut"), 30],
  ["eighty tracks of sound", withManyTracks, 30],
  [
    "times that jump back",
    async () => {
      const part = await makeClip({ ...small, extension: "ts" });
      return Buffer.concat([part, part]);
    },
    60,
  ],
];

async function withComment(): Promise<Buffer> {
  return remux(await makeClip(small), ["-metadata", `comment=${"é".repeat(60_000)}`], "mkv");
}

async function withManyTracks(): Promise<Buffer> {
  const sounds = Array.from({ length: 80 }, () => ["-map", "0:a"]).flat();
  return remux(await makeClip(small), ["-map", "0:v", ...sounds], "mkv");
}

describe("a file that is strange but valid", () => {
  it.each(INPUTS)("with %s is made into a film with every frame", async (_, make, frames) => {
    const input = await make();
    const source = await studio.probe(input);
    const task = studio.task(input);
    await runTask(studio.transcoder, { kind: "transcode", ...task, source, output: mp4 }, "files");
    const { streams } = await ffprobe(studio.output(task, "web.mp4"), ["-count_frames"]);
    expect(Number(streams[0]?.nb_read_frames)).toBe(frames);
    expect(streams.length).toBeLessThanOrEqual(2);
  });
});
