import { describe, expect, it } from "vitest";
import { packageStream } from "../../src/video/packaging.ts";
import type { EncodedTrack } from "../../src/video/protocol.ts";

type Keyframes = EncodedTrack["segments"][number]["keyframes"];

function track(id: string, bytes: number[], more: Partial<EncodedTrack>): EncodedTrack {
  const segments = bytes.map((size, i) => ({
    path: `${id}/0000${i + 1}.m4s`,
    bytes: size,
    startSeconds: i * 6.006,
    durationSeconds: i === bytes.length - 1 ? 1.5 : 6.006,
    ...(more.kind === "audio" ? {} : { frames: 144, keyframes: [[i * 6.006, 0, size / 10]] as Keyframes }),
  }));
  return {
    id,
    kind: "video",
    codec: "avc1.64001f",
    initPath: `${id}/init.mp4`,
    initBytes: 800,
    initSha256: "0".repeat(64),
    timescale: 24_000,
    segments,
    ...more,
  };
}

const high = track("720p", [750_750, 900_900, 900_000], {
  width: 1280,
  height: 720,
  frameRate: 24_000 / 1001,
});
const low = track("240p", [75_075, 75_075, 10_000], {
  codec: "avc1.640015",
  width: 426,
  height: 240,
  frameRate: 24_000 / 1001,
});
const sound = track("audio", [96_096, 96_096, 24_000], {
  kind: "audio",
  codec: "mp4a.40.2",
  channels: 2,
  sampleRate: 48_000,
  language: "eng",
});

function inFolder(one: EncodedTrack): EncodedTrack {
  const segments = one.segments.map((segment) => ({ ...segment, path: `tsk_x.1/${segment.path}` }));
  return { ...one, initPath: `tsk_x.1/${one.initPath}`, segments };
}

describe("HLS playlists", () => {
  it("list every rendition with what was measured on it", () => {
    const files = packageStream([high, low, sound].map(inFolder), "hls");
    expect(files.map(({ path }) => path)).toEqual([
      ...["master.m3u8", "720p.m3u8", "240p.m3u8", "audio.m3u8"],
      ...["720p-iframes.m3u8", "240p-iframes.m3u8"],
    ]);
    expect(new Set(files.map(({ type }) => type))).toEqual(new Set(["application/vnd.apple.mpegurl"]));
    expect(files[0]?.text.split("\n")).toEqual([
      "#EXTM3U",
      "#EXT-X-VERSION:7",
      "#EXT-X-INDEPENDENT-SEGMENTS",
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="eng",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=228000,AVERAGE-BANDWIDTH=222820,CODECS="avc1.640015,mp4a.40.2",RESOLUTION=426x240,FRAME-RATE=23.976,AUDIO="audio",CLOSED-CAPTIONS=NONE',
      "240p.m3u8",
      '#EXT-X-STREAM-INF:BANDWIDTH=2047425,AVERAGE-BANDWIDTH=1638747,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=23.976,AUDIO="audio",CLOSED-CAPTIONS=NONE',
      "720p.m3u8",
      '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=10000,AVERAGE-BANDWIDTH=9482,CODECS="avc1.640015",RESOLUTION=426x240,URI="240p-iframes.m3u8"',
      '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=191943,AVERAGE-BANDWIDTH=151075,CODECS="avc1.64001f",RESOLUTION=1280x720,URI="720p-iframes.m3u8"',
      "",
    ]);
    expect(files[1]?.text.split("\n")).toEqual([
      "#EXTM3U",
      "#EXT-X-VERSION:7",
      "#EXT-X-TARGETDURATION:6",
      "#EXT-X-MEDIA-SEQUENCE:0",
      "#EXT-X-PLAYLIST-TYPE:VOD",
      "#EXT-X-INDEPENDENT-SEGMENTS",
      '#EXT-X-MAP:URI="tsk_x.1/720p/init.mp4"',
      ...["#EXTINF:6.006000,", "tsk_x.1/720p/00001.m4s"],
      ...["#EXTINF:6.006000,", "tsk_x.1/720p/00002.m4s"],
      ...["#EXTINF:1.500000,", "tsk_x.1/720p/00003.m4s"],
      "#EXT-X-ENDLIST",
      "",
    ]);
  });

  it("do not take a short last segment for the peak", () => {
    const text = packageStream([high], "hls")[0]?.text ?? "";
    const peak = Number(/BANDWIDTH=(\d+)/.exec(text)?.[1]);
    // 900,900 bytes in 6.006 s, then with the 900,000 bytes of the last 1.5 s.
    expect(peak).toBe(Math.ceil(((900_900 + 900_000) * 8) / 7.506));
  });

  it("leave out what a silent stream does not have", () => {
    const files = packageStream([high], "hls");
    expect(files[0]?.text).not.toContain("AUDIO");
    expect(files[1]?.text).toContain('URI="720p/init.mp4"');
  });

  it("are the same for the same tracks, and need video", () => {
    const once = packageStream([high, low, sound], "hls");
    expect(packageStream([high, low, sound], "hls")).toEqual(once);
    expect(() => packageStream([sound], "hls")).toThrow(expect.objectContaining({ code: "invalid_result" }));
  });
});

describe("a stream of sound alone", () => {
  const second = { ...sound, id: "audio-2", language: "deu" };

  it("has its first rendition as the one variant, with the rate of the dearest and the codecs of sound", () => {
    const files = packageStream([sound, second], "hls", { soundAlone: true });
    expect(files.map(({ path }) => path)).toEqual(["master.m3u8", "audio.m3u8", "audio-2.m3u8"]);
    expect(files[0]?.text.split("\n")).toEqual([
      "#EXTM3U",
      "#EXT-X-VERSION:7",
      "#EXT-X-INDEPENDENT-SEGMENTS",
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="eng",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="deu",LANGUAGE="deu",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="audio-2.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=128000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2",AUDIO="audio",CLOSED-CAPTIONS=NONE',
      "audio.m3u8",
      "",
    ]);
  });

  it("has one set for each track in DASH, and none of pictures", () => {
    const [manifest] = packageStream([sound, second], "dash", { soundAlone: true });
    expect(manifest?.text.match(/contentType="\w+"/g)).toEqual([
      'contentType="audio"',
      'contentType="audio"',
    ]);
    expect(manifest?.text).toContain('minBufferTime="PT6.006S"');
  });

  it("is not what is left of a film whose picture is missing", () => {
    expect(() => packageStream([high], "hls", { soundAlone: true })).toThrow(/no audio rendition/);
  });
});

describe("the playlist of keyframes", () => {
  it("names the bytes of each, shown until the next", () => {
    const files = packageStream([high, sound], "hls");
    const lines = files.find(({ path }) => path === "720p-iframes.m3u8")?.text.split("\n") ?? [];
    expect(lines).toContain("#EXT-X-I-FRAMES-ONLY");
    expect(lines.slice(-8)).toEqual([
      ...["#EXTINF:6.006000,", "#EXT-X-BYTERANGE:90090@0", "720p/00002.m4s"],
      ...["#EXTINF:1.500000,", "#EXT-X-BYTERANGE:90000@0", "720p/00003.m4s"],
      ...["#EXT-X-ENDLIST", ""],
    ]);
  });
});

describe("the DASH manifest", () => {
  const [manifest, list] = packageStream([high, low, sound], "dash");

  it("lists the renditions as one set, the sound as another, over the same segments", () => {
    expect(manifest).toMatchObject({ path: "manifest.mpd", type: "application/dash+xml", isEntry: true });
    const text = manifest?.text ?? "";
    expect(text).toContain('type="static"');
    expect(text).toContain('mediaPresentationDuration="PT13.512S"');
    expect(text.match(/<AdaptationSet[^>]*>/g)).toEqual([
      expect.stringContaining(
        'contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1"',
      ),
      expect.stringContaining('contentType="audio" mimeType="audio/mp4"'),
    ]);
    expect(text).toContain('lang="eng"');
    expect(text.match(/<Representation id="[^"]+" codecs="[^"]+"/g)).toEqual([
      '<Representation id="240p" codecs="avc1.640015"',
      '<Representation id="720p" codecs="avc1.64001f"',
      '<Representation id="audio" codecs="mp4a.40.2"',
    ]);
    expect(text).toContain('frameRate="24000/1001"');
    expect(text).toContain('media="$RepresentationID$/$Number%05d$.m4s"');
    expect(text).toContain('<S t="0" d="144144" r="1"/>');
    expect(text).toContain('<S d="36000"/>');
  });

  it("comes with one that names every file, for copies of the stream", () => {
    expect(list).toMatchObject({ path: "list.mpd", isEntry: false });
    expect(list?.text.match(/<SegmentURL /g)).toHaveLength(9);
    expect(list?.text).toContain('<Initialization sourceURL="720p/init.mp4"/>');
  });

  it("stands beside the playlists when both are asked for", () => {
    const entries = packageStream([high, sound], "adaptive").filter(({ isEntry }) => isEntry);
    expect(entries.map(({ path }) => path)).toEqual(["master.m3u8", "manifest.mpd"]);
  });
});
