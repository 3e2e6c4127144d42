import { parse as parseMpd } from "mpd-parser";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { withBitmapWords } from "../fixtures/bitmap-words.ts";
import { ffprobe, makeClip, soundWithCover } from "../fixtures/video.ts";
import { bytesOf, develop, key, outputNames, url } from "./service.ts";

const clip = async (spec: Parameters<typeof makeClip>[0]) => Buffer.from(await makeClip(spec));

describe("one clip, all that can be made beside a film", () => {
  it("comes out as stills, a storyboard, a preview, sound and its waveform", async () => {
    const { job, token } = await develop(await clip({ width: 160, height: 120, seconds: 6 }), "clip.mp4", [
      { format: "jpeg", name: "still.jpg", thumbnails: { at: [0.5, 4] } },
      { preset: "poster" },
      { format: "jpeg", storyboard: { interval: 2 }, width: 80 },
      { preset: "preview_clip" },
      { preset: "audio_podcast" },
      { format: "ogg", audio_codec: "vorbis", audio_bitrate: 64 },
      { format: "json", name: "wave.json", waveform: {} },
      { format: "json", name: "found.json" },
      { format: "svg", name: "wave.svg", waveform: { color: "#336699" } },
    ]);
    expect(job).toMatchObject({ status: "completed", error: null });
    expect(outputNames(job)).toEqual([
      ...[
        "audio_podcast.m4a",
        "found-shots.vtt",
        "found.json",
        "ogg.ogg",
        "poster.jpg",
        "preview_clip.webp",
        "still-1.jpg",
        "still-2.jpg",
      ],
      ...["storyboard-1.jpg", "storyboard.vtt", "wave.json", "wave.svg"],
    ]);
    expect(job.notes.join()).toMatch(/The loudness of audio_podcast.m4a: .* LUFS/);
    const path = (name: string) => `/outputs/${job.job_id}/${name}`;
    expect((await bytesOf(path("storyboard.vtt"))).toString()).toContain("storyboard-1.jpg#xywh=160,0,80,60");
    expect(await sharp(await bytesOf(path("storyboard-1.jpg"))).metadata()).toMatchObject({ width: 240 });
    const signed = await fetch(new URL(`${path("storyboard.vtt")}?token=${token}`, url));
    expect(await signed.text()).toContain(`storyboard-1.jpg?token=${encodeURIComponent(token)}#xywh=0,0,`);
    expect(JSON.parse((await bytesOf(path("wave.json"))).toString())).toMatchObject({ version: 2, bits: 8 });
  });
});

describe("a film whose words are pictures", () => {
  it.each([
    ["hdmv_pgs_subtitle", "copy"],
    ["dvd_subtitle", "dvdsub"],
  ] as const)("(%s) is streamed without them, and its owner is told which and why", async (codec, how) => {
    const film = await withBitmapWords(await makeClip({ width: 160, height: 120, sound: false }), how);
    const outputs = [{ format: "adaptive" as const, name: "stream" }];
    const { job } = await develop(Buffer.from(film), "disc.mkv", outputs);
    expect(job).toMatchObject({ status: "completed", error: null });
    expect(job.notes).toEqual([
      `A subtitle track (${codec}, ger) holds no text that could be converted, and is left out of the stream.`,
    ]);
    const folder = `/play/${job.job_id}`;
    expect((await bytesOf(`${folder}/master.m3u8`)).toString()).not.toContain("SUBTITLES");
    const { input } = await metadataOf(job.job_id);
    expect(input.metadata.subtitles).toEqual([expect.objectContaining({ codec, language: "ger" })]);
    await expectListed(folder);
  });
});

/** The manifest that names every file of a stream leads to files that play, and to as much as the numbered one. */
async function expectListed(folder: string): Promise<void> {
  const text = (await bytesOf(`${folder}/list.mpd`)).toString();
  expect(text).not.toContain("SegmentTemplate");
  const manifestUri = "http://host/list.mpd";
  const { playlists, duration } = parseMpd(text, { manifestUri });
  const numbered = parseMpd((await bytesOf(`${folder}/manifest.mpd`)).toString(), { manifestUri });
  expect(playlists.map(({ segments }) => segments.length)).toEqual(
    numbered.playlists.map(({ segments }) => segments.length),
  );
  expect(Math.abs(duration - 2)).toBeLessThan(0.1);
  const list = /<SegmentList[\s\S]*?<\/SegmentList>/.exec(text)?.[0] ?? "";
  const paths = [...list.matchAll(/(?:sourceURL|media)="([^"]+)"/g)].map(([, path]) => path);
  expect(paths.length).toBeGreaterThan(1);
  const parts = await Promise.all(paths.map((path) => bytesOf(`${folder}/${path}`)));
  const { streams } = await ffprobe(Buffer.concat(parts), ["-count_frames"]);
  expect(streams).toMatchObject([{ codec_name: "h264", nb_read_frames: "60" }]);
}

async function metadataOf(jobId: string): Promise<{ input: { metadata: { subtitles: object[] } } }> {
  const response = await fetch(new URL(`/v1/jobs/${jobId}/metadata`, url), {
    headers: { Authorization: `Bearer ${key}` },
  });
  return await response.json();
}

describe("sound alone", () => {
  it("with a cover is made into sound, its waveform and a still of the cover", async () => {
    const talk = Buffer.from(await soundWithCover());
    const plain = await develop(talk, "talk.mp3");
    expect(plain.job).toMatchObject({ status: "completed", error: null });
    expect(outputNames(plain.job)).toEqual(["audio_podcast.m4a", "waveform.json"]);
    const asked = [{ format: "jpeg", name: "cover.jpg", thumbnails: { at: [30] } }];
    const { job } = await develop(talk, "talk.mp3", asked);
    expect(job.outputs).toMatchObject([{ name: "cover.jpg", width: 96, height: 64 }]);
  });

  it("is not a film, and says so", async () => {
    const talk = await clip({ picture: false, seconds: 1, extension: "wav", options: ["-c:a", "pcm_s16le"] });
    const { job } = await develop(talk, "talk.wav", [{ format: "mp4" }]);
    expect(job).toMatchObject({ status: "failed", error: { code: "no_video_stream" } });
  });
});
