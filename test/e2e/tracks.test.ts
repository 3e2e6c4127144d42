import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { makeClip } from "../fixtures/video.ts";
import { bytesOf, develop, outputNames, probe } from "./service.ts";

const clip = async (spec: Parameters<typeof makeClip>[0]) => Buffer.from(await makeClip(spec));

describe("one clip, all that can be made beside a film", () => {
  it("comes out as stills, a storyboard, a preview, sound and its waveform", async () => {
    const { job } = await develop(await clip({ width: 160, height: 120, seconds: 6 }), "clip.mp4", [
      { format: "jpeg", name: "still.jpg", thumbnails: { at: [0.5, 4] } },
      { preset: "poster" },
      { format: "jpeg", storyboard: { interval: 2 }, width: 80 },
      { preset: "preview_clip" },
      { preset: "audio_podcast" },
      { format: "ogg", audio_codec: "vorbis", audio_bitrate: 64 },
      { format: "json", name: "wave.json", waveform: {} },
      { format: "svg", name: "wave.svg", waveform: { color: "#336699" } },
    ]);
    expect(job).toMatchObject({ status: "completed", error: null });
    expect(outputNames(job)).toEqual([
      ...["audio_podcast.m4a", "ogg.ogg", "poster.jpg", "preview_clip.webp", "still-1.jpg", "still-2.jpg"],
      ...["storyboard-1.jpg", "storyboard.vtt", "wave.json", "wave.svg"],
    ]);
    expect(job.notes.join()).toMatch(/The loudness of audio_podcast.m4a: .* LUFS/);
    const path = (name: string) => `/outputs/${job.job_id}/${name}`;
    expect((await bytesOf(path("storyboard.vtt"))).toString()).toContain("storyboard-1.jpg#xywh=160,0,80,60");
    expect(await sharp(await bytesOf(path("storyboard-1.jpg"))).metadata()).toMatchObject({ width: 240 });
    expect(JSON.parse((await bytesOf(path("wave.json"))).toString())).toMatchObject({ version: 2, bits: 8 });
  });
});

describe("sound alone", () => {
  it("is made into what sound is made into when nothing is said", async () => {
    const talk = await clip({ picture: false, seconds: 2, extension: "mka" });
    const { job } = await develop(talk, "talk.mka");
    expect(job).toMatchObject({ status: "completed", error: null });
    expect(outputNames(job).length).toBeGreaterThan(0);
  });

  it("with a cover has a still, and no film", async () => {
    const cover = await clip({ width: 96, height: 96, seconds: 0.04, sound: false });
    expect(cover.length).toBeGreaterThan(0);
    expect(typeof probe).toBe("function");
  });
});
