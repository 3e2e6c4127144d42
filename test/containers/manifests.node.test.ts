import { Parser } from "m3u8-parser";
import { createFile, MP4BoxBuffer } from "mp4box";
import { parse as parseMpd } from "mpd-parser";
import { beforeAll, describe, expect, it } from "vitest";
import { packageStream } from "../../src/video/packaging.ts";
import { makeClip } from "../fixtures/video.ts";
import { type EncodedStream, encodeInChunks, joinedBytes } from "./chunked.ts";
import { hls, useStudio } from "./studio.ts";

const studio = useStudio();
const SECONDS = 11;
let stream: EncodedStream;
let texts: Map<string, string>;

beforeAll(async () => {
  const clip = await makeClip({ seconds: SECONDS, rate: "30000/1001" });
  stream = await encodeInChunks(studio, clip, { ...hls, encoderPreset: "veryfast" }, 4.1);
  texts = new Map(packageStream(stream.tracks, "adaptive").map(({ path, text }) => [path, text]));
}, 60_000);

const textOf = (path: string) => texts.get(path) ?? "";

describe("the manifests of a stream in chunks", () => {
  it("are what m3u8-parser reads", () => {
    const master = readHls(textOf("master.m3u8"));
    expect(master.playlists).toHaveLength(2);
    expect(master.iFramePlaylists).toHaveLength(2);
    expect(Object.keys(master.mediaGroups?.AUDIO?.audio ?? {})).toEqual(["Main"]);
    for (const track of stream.tracks) {
      const media = readHls(textOf(`${track.id}.m3u8`));
      expect(media).toMatchObject({ endList: true, version: 7, independentSegments: true });
      expect(media.segments.map(({ uri }) => uri)).toEqual(track.segments.map(({ path }) => path));
      const length = media.segments.reduce((sum, { duration }) => sum + duration, 0);
      expect(Math.abs(length - SECONDS)).toBeLessThan(0.05);
    }
  });

  it("are what mpd-parser reads, the same segments in the same places", () => {
    const { playlists, duration } = parseMpd(textOf("list.mpd"), { manifestUri: "http://host/list.mpd" });
    expect(Math.abs(duration - SECONDS)).toBeLessThan(0.05);
    expect(playlists.map(({ attributes }) => attributes.NAME)).toEqual(["120p", "240p"]);
    for (const playlist of playlists) {
      const track = stream.tracks.find(({ id }) => id === playlist.attributes.NAME);
      expect(playlist.segments.map(({ uri }) => uri)).toEqual(track?.segments.map(({ path }) => path));
      expect(playlist.attributes.CODECS).toBe(track?.codec);
    }
    const numbered = parseMpd(textOf("manifest.mpd"), { manifestUri: "http://host/manifest.mpd" });
    expect(numbered.playlists[0]?.segments.map(({ uri }) => uri)).toEqual(
      stream.tracks[0]?.segments.map((_, i) => `120p/${String(i + 1).padStart(5, "0")}.m4s`),
    );
  });

  it("lead to files that mp4box takes apart to the last sample", () => {
    for (const track of stream.tracks) {
      const file = createFile();
      let codec = "";
      file.onReady = ({ tracks }) => {
        codec = tracks[0]?.codec ?? "";
      };
      file.onError = (module, message) => {
        throw new Error(`${module}: ${message}`);
      };
      const bytes = Uint8Array.from(joinedBytes(studio, track));
      file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer, 0));
      file.flush();
      expect(codec).toBe(track.codec);
      const samples = file.getTrackSamplesInfo(1);
      if (track.kind === "video") expect(samples).toHaveLength(330);
      const last = samples.at(-1);
      const length = ((last?.dts ?? 0) + (last?.duration ?? 0)) / track.timescale;
      expect(Math.abs(length - SECONDS)).toBeLessThan(0.05);
    }
  });

  it("play to the last frame in ffmpeg", async () => {
    for (const [path, text] of texts) {
      studio.store.objects.set(`work/${path}`, { bytes: Buffer.from(text), type: "" });
    }
    expect(await framesOf(studio.store.url("work/master.m3u8"))).toEqual([330, 330]);
    expect(await framesOf(studio.store.url("work/list.mpd"))).toEqual([330, 330]);
  });
});

interface HlsManifest {
  playlists?: unknown[];
  iFramePlaylists?: unknown[];
  mediaGroups?: { AUDIO?: Record<string, Record<string, unknown>> };
  segments: { uri: string; duration: number }[];
}

function readHls(text: string): HlsManifest {
  const parser = new Parser();
  parser.push(text);
  parser.end();
  return parser.manifest as HlsManifest;
}

async function framesOf(url: string): Promise<number[]> {
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const report = [
    "-v",
    "error",
    "-print_format",
    "json",
    "-show_streams",
    "-count_frames",
    "-select_streams",
    "v",
  ];
  const { stdout } = await promisify(execFile)("ffprobe", [...report, url]);
  const { streams } = JSON.parse(stdout) as { streams: { nb_read_frames: string }[] };
  return streams.map(({ nb_read_frames }) => Number(nb_read_frames));
}
