import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SourceDescription } from "../../src/video/source.ts";
import { ffprobe, makeClip, soundWithCover } from "../fixtures/video.ts";
import { withDataReference } from "./data-reference.ts";
import { type ObjectStore, startObjectStore } from "./object-store.ts";
import { image, mp4, useStudio } from "./studio.ts";
import { endOf } from "./transcoder-process.ts";

const studio = useStudio();
const probe = (input: Buffer) => endOf(studio.transcoder, { kind: "probe", ...studio.task(input) });

describe("a file that is not what it should be", () => {
  it("is corrupt when it is noise", async () => {
    expect(await probe(randomBytes(50_000))).toMatchObject({ type: "error", code: "corrupt_input" });
  });

  it("is refused when it is text", async () => {
    const end = await probe(Buffer.from("Dear reader, this is not a film.\n".repeat(200)));
    expect(end).toMatchObject({
      type: "error",
      code: expect.stringMatching(/unsupported_type|corrupt_input/),
    });
  });

  it("is named when it is empty", async () => {
    expect(await probe(Buffer.of())).toMatchObject({ type: "error", code: "empty_file" });
  });

  it("is incomplete when an upload was cut before its index", async () => {
    const clip = await makeClip();
    const end = await probe(clip.subarray(0, Math.floor(clip.length / 2)));
    expect(end).toMatchObject({ code: "corrupt_input", message: expect.stringContaining("index") });
  });

  it("is damaged when it ends before its index says so", async () => {
    const clip = await makeClip({ seconds: 4, options: ["-movflags", "+faststart"] });
    const source = await studio.probe(clip);
    const half = clip.subarray(0, Math.floor(clip.length / 2));
    const end = await endOf(studio.transcoder, {
      kind: "transcode",
      ...studio.task(half),
      source,
      output: mp4,
    });
    expect(end).toMatchObject({ code: "corrupt_input", message: expect.stringContaining("of 4.00 s") });
  });

  it("has cover art, but no video", async () => {
    const { picture, sound } = { picture: false, sound: true };
    const clip = await makeClip({ picture, sound, extension: "m4a" });
    expect(await probe(clip)).toMatchObject({
      type: "done",
      result: { source: { audio: [{ codec: "aac" }] } },
    });
  });
});

describe("a file that points elsewhere", () => {
  let victim: ObjectStore;
  let source: SourceDescription;
  beforeAll(async () => {
    source = await studio.probe(await makeClip({ seconds: 1 }));
    victim = await startObjectStore();
    victim.objects.set("secret.ts", { bytes: await makeClip({ extension: "ts" }), type: "video/mp2t" });
  });
  afterAll(() => victim.close());

  const hls = (uri: string) =>
    ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", "#EXTINF:2,", uri, "#EXT-X-ENDLIST", ""].join(
      "\n",
    );
  const dash = (uri: string) =>
    `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>${uri}</BaseURL></Representation></AdaptationSet></Period></MPD>`;
  const kinds: [string, (uri: string) => string][] = [
    ["an HLS playlist", hls],
    ["a concat list", (uri) => `ffconcat version 1.0\nfile '${uri}'\n`],
    ["a DASH manifest", dash],
    [
      "an SDP description",
      () => "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    ],
    ["a RealAudio pointer", (uri) => `${uri}\n`],
    [
      "a drawing",
      (uri) => `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="${uri}"/></svg>`,
    ],
    [
      "subtitles that name a film",
      (uri) =>
        `[Script Info]\nVideo File: ${uri}\n[Events]\nDialogue: 0,0:00:00.00,0:00:01.00,,,,,,,{movie=${uri}}x\n`,
    ],
    ["a script of AviSynth", (uri) => `DirectShowSource("${uri}")\n`],
    ["a playlist in a playlist's data", (uri) => hls(`data:audio/x-mpegurl,${encodeURIComponent(hls(uri))}`)],
  ];

  it.each(kinds)("%s reads neither files nor the network", async (_, fileFor) => {
    for (const uri of ["file:///etc/hostname", "/etc/hostname", victim.url("secret.ts")]) {
      const input = Buffer.from(fileFor(uri));
      const end = await probe(input);
      expect(end).toMatchObject({
        type: "error",
        code: expect.stringMatching(/unsupported_type|corrupt_input/),
      });
      const task = studio.task(input);
      const encode = await endOf(studio.transcoder, { kind: "transcode", ...task, source, output: mp4 });
      expect(encode.type).toBe("error");
      expect(studio.store.objects.has(`work/${task.attemptId}/web.mp4`)).toBe(false);
    }
    expect(victim.requests).toEqual([]);
  });

  it("as an MP4 with its samples elsewhere is not followed there", async () => {
    const clip = await makeClip({ seconds: 1 });
    for (const path of ["/etc/hostname", victim.url("secret.ts")]) {
      const input = withDataReference(clip, path);
      const task = studio.task(input);
      const end = await endOf(studio.transcoder, { kind: "transcode", ...task, source, output: mp4 });
      const made = studio.store.objects.get(`work/${task.attemptId}/web.mp4`)?.bytes;
      // Either nothing is made of it, or what lies in the file itself: the clip.
      if (made === undefined) expect(end.type).toBe("error");
      else expect((await ffprobe(made)).streams[0]).toMatchObject({ width: 320, height: 240 });
    }
    expect(victim.requests).toEqual([]);
  });

  it("with a drawing for its cover shows no picture of anything else", async () => {
    const sound = await soundWithCover();
    const cover = sound.indexOf(Buffer.from([0xff, 0xd8, 0xff]));
    const drawing = `<svg xmlns="http://www.w3.org/2000/svg"><image href="${victim.url("secret.ts")}"/></svg>`;
    sound.write(drawing.padEnd(300), cover, "latin1");
    const covered = { ...(await studio.probe(await soundWithCover())), video: undefined };
    const output = { format: "thumbnail", name: "cover.jpg", atSeconds: 0, image };
    const end = await endOf(studio.transcoder, {
      kind: "thumbnail",
      ...studio.task(sound),
      source: covered,
      output,
    });
    expect(end).toMatchObject({
      type: "error",
      code: expect.stringMatching(/corrupt_input|no_video_stream/),
    });
    expect(victim.requests).toEqual([]);
  });

  it("is not followed when storage redirects", async () => {
    const task = studio.task(Buffer.from("x"));
    studio.store.redirects.set(`in/${task.attemptId}`, victim.url("secret.ts"));
    const end = await endOf(studio.transcoder, { kind: "probe", ...task });
    expect(end).toMatchObject({ type: "error", code: "storage_failed" });
    expect(victim.requests).toEqual([]);
    expect(JSON.stringify(end)).not.toContain("127.0.0.1");
  });
});
