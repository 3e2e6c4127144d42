import { describe, expect, it } from "vitest";
import { signMpd } from "../../src/delivery/signed-playlist.ts";
import { cleanVtt } from "../../src/video/clean-vtt.ts";
import { packageStream } from "../../src/video/packaging.ts";
import type { EncodedTrack } from "../../src/video/protocol.ts";
import { notesOnSubtitles, planSubtitles, type SubtitleTrack } from "../../src/video/subtitles.ts";
import { sourceOf } from "./sources.ts";

const cue = (times: string, text: string) => `${times}\n${text}\n\n`;
const clean = (...cues: string[]) => cleanVtt(`WEBVTT\n\n${cues.join("")}`, 0, 60);

describe("the words of a film", () => {
  it.each([
    ["markup", "<b>bold</b> <v Roger>hi</v>", "<b>bold</b> &lt;v Roger>hi&lt;/v>"],
    ["a script", "<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"],
    ["an attribute", '<i onclick="x">a</i>', '&lt;i onclick="x">a</i>'],
    ["entities", "a & b &amp; c &#60; &lt;", "a &amp; b &amp; c &amp;#60; &lt;"],
    ["an arrow", "00:00 --> 00:02", "00:00 --&gt; 00:02"],
    ["control characters", "a\u0000b\u001bc\u2028d", "abcd"],
    ["returns", "one\r\ntwo\rthree", "one\ntwo\nthree"],
  ])("hold %s as text", (_, text, expected) => {
    expect(clean(cue("00:01.000 --> 00:02.000", text)).text.split("\n").slice(4).join("\n").trim()).toBe(
      expected,
    );
  });

  it("come in order, within the film, and without what has no time", () => {
    const { text, cues } = clean(
      cue("00:50.000 --> 99:59:59.000", "to the end"),
      cue("00:05.000 --> 00:04.000", "backwards"),
      cue("00:03.000 --> 00:03.000", "never"),
      cue("02:00.000 --> 02:01.000", "after the end"),
      cue("00:01.000 --> 00:02.000", "first"),
      cue("NaN --> 00:02.000", "no time"),
      cue("00:06.000 --> 00:07.000", "  "),
      "STYLE\n::cue { background: url(http://example.com) }\n\nNOTE secret\n\n",
    );
    expect(cues).toBe(2);
    expect(text).toBe(
      "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n" +
        "\n00:00:01.000 --> 00:00:02.000\nfirst\n\n00:00:50.000 --> 00:01:00.000\nto the end\n",
    );
  });

  it("begin where the stream does", () => {
    const { text } = cleanVtt(`WEBVTT\n\n${cue("00:12.000 --> 00:13.000", "two")}`, 10, 60);
    expect(text).toContain("00:00:02.000 --> 00:00:03.000\ntwo");
  });

  it("are as many as can be read, quickly", () => {
    const many = Array.from({ length: 100_000 }, () => cue("00:01.000 --> 00:02.000", "x")).join("");
    const { cues, isCut } = cleanVtt(`WEBVTT\n\n${many}`, 0, 60);
    expect([cues, isCut]).toEqual([90_000, true]);
    expect(clean().cues).toBe(0);
  });
});

describe("the tracks of words of a source", () => {
  const subtitles = [
    { codec: "hdmv_pgs_subtitle", language: "deu" },
    { codec: "subrip", language: "eng", forced: true, isDefault: true },
    { codec: "ass", language: "eng", isDefault: true },
    { codec: "mov_text", isDefault: true },
  ];

  it("are those that hold text; one is shown without being asked for", () => {
    const plans = planSubtitles({ ...sourceOf({}), subtitles });
    expect(plans.map(({ id, trackIndex, forced, isDefault }) => [id, trackIndex, forced, isDefault])).toEqual(
      [
        ["subtitles", 1, true, false],
        ["subtitles-2", 2, false, true],
        ["subtitles-3", 3, false, false],
      ],
    );
  });

  it("are named where they are pictures", () => {
    expect(notesOnSubtitles({ ...sourceOf({}), subtitles })).toEqual([
      "A subtitle track (hdmv_pgs_subtitle, deu) holds no text that could be converted, and is left out of the stream.",
    ]);
  });
});

describe("manifests with words", () => {
  const video: EncodedTrack = {
    ...{ id: "720p", kind: "video", codec: "avc1.64001f", initPath: "a.1/720p/init.mp4", initBytes: 800 },
    ...{ initSha256: "0".repeat(64), timescale: 12_800, width: 1280, height: 720, frameRate: 25 },
    segments: [{ path: "a.1/720p/00001.m4s", bytes: 9000, startSeconds: 0, durationSeconds: 6 }],
  };
  const track = (id: string, more: Partial<SubtitleTrack> = {}): SubtitleTrack => ({
    ...{ id, path: `b.1/${id}.vtt`, bytes: 600, cues: 3, language: "eng", forced: false, isDefault: false },
    ...more,
  });
  const words = [
    track("subtitles", { isDefault: true }),
    track("subtitles-2"),
    track("subtitles-3", { forced: true }),
  ];
  const files = packageStream([video], "adaptive", { subtitles: words });
  const text = (path: string) => files.find((file) => file.path === path)?.text ?? "";

  it("name each track once, in HLS", () => {
    const lines = text("master.m3u8").split("\n");
    expect(lines.filter((line) => line.includes("TYPE=SUBTITLES"))).toEqual([
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="eng",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="subtitles.m3u8"',
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="eng 2",LANGUAGE="eng",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="subtitles-2.m3u8"',
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="eng (forced)",LANGUAGE="eng",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="subtitles-3.m3u8"',
    ]);
    expect(lines.find((line) => line.startsWith("#EXT-X-STREAM-INF"))).toContain(',SUBTITLES="subtitles"');
    expect(text("subtitles.m3u8")).toContain("#EXTINF:6.000000,\nb.1/subtitles.vtt\n#EXT-X-ENDLIST");
  });

  it("name each track once, in DASH, where a token reaches it", () => {
    expect(text("manifest.mpd")).toContain("<BaseURL>b.1/subtitles-2.vtt</BaseURL>");
    expect(text("manifest.mpd")).toContain('value="forced-subtitle"');
    expect(signMpd(text("manifest.mpd"), "a+b")).toContain(
      "<BaseURL>b.1/subtitles.vtt?token=a%2Bb</BaseURL>",
    );
  });
});
