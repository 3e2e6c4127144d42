import { describe, expect, it } from "vitest";
import { toMediaError } from "../../src/errors.ts";
import type { OutputSpecification } from "../../src/submission/output-specification.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";

const resolve = (specification: OutputSpecification) => resolveOutputs([specification], "video").outputs[0];

function refused(specification: OutputSpecification): string[] {
  try {
    resolve(specification);
    return [];
  } catch (error) {
    return toMediaError(error).errors.map(({ path, message }) => `${path.split(".").at(-1)}: ${message}`);
  }
}

describe("a video file is asked for", () => {
  it.each<[OutputSpecification, object]>([
    [{ format: "mp4" }, { videoCodec: "h264", audioCodec: "aac", crf: 22, name: "mp4.mp4" }],
    [{ format: "webm" }, { videoCodec: "vp9", audioCodec: "opus", crf: 31, name: "webm.webm" }],
    [
      { format: "mkv", video_codec: "av1", quality: "low" },
      { videoCodec: "av1", crf: 45 },
    ],
    [
      { format: "mp4", profile: "web" },
      { crf: 22, encoderPreset: "medium" },
    ],
    [
      { format: "mp4", profile: "high" },
      { crf: 18, encoderPreset: "slow" },
    ],
    [
      { format: "mp4", profile: "mobile" },
      { crf: 26, encoderPreset: "fast", codecProfile: "baseline" },
    ],
    [
      { format: "webm", profile: "mobile" },
      { crf: 37, codecProfile: undefined },
    ],
    [
      { format: "mp4", profile: "low_latency", crf: 25 },
      { crf: 25, tune: "zerolatency" },
    ],
    [
      { format: "mp4", target_bitrate: 900, two_pass: true },
      { targetVideoKbps: 900, twoPass: true },
    ],
    [
      { format: "ts", video_codec: "h265", start: 1, end: 2 },
      { startSeconds: 1, endSeconds: 2, crf: 27 },
    ],
    [{ format: "mp4", background_color: "#ff8000" }, { background: [255, 128, 0] }],
    [
      { format: "mp3", start: 1, end: 2 },
      { startSeconds: 1, endSeconds: 2 },
    ],
    [{ format: "mp4", timeout_seconds: 60, cpu_threads: 1 }, { limits: { timeoutSeconds: 60, threads: 1 } }],
    [{ preset: "archive_quality" }, { format: "mkv", videoCodec: "h265", crf: 18, allowFallback: true }],
    [
      { preset: "mobile_video", format: "webm" },
      { format: "webm", videoCodec: "vp9", maxVideoKbps: 1500 },
    ],
  ])("%j", (specification, expected) => {
    expect(resolve(specification)).toMatchObject(expected);
  });

  it.each<[OutputSpecification, string]>([
    [
      { format: "webm", video_codec: "h264" },
      "video_codec: webm cannot hold h264: ask for vp9, av1, or for mkv.",
    ],
    [
      { format: "webm", audio_codec: "aac" },
      "audio_codec: webm cannot hold aac: ask for opus, vorbis, or for mkv.",
    ],
    [{ format: "mp4", audio_codec: "vorbis" }, "audio_codec: mp4 cannot hold vorbis"],
    [{ format: "ts", video_codec: "vp9" }, "video_codec: ts cannot hold vp9"],
    [{ format: "mp4", crf: 60 }, "crf: For h264 it is 0–51."],
    [{ format: "mp4", quality: 80 }, "quality: For a video it is low, medium, high or maximum"],
    [{ format: "hls", quality: "low" }, "quality: This does not apply to hls"],
    [{ format: "mp3", quality: 80 }, "quality: This does not apply to mp3"],
    [
      { format: "mp4", crf: 20, target_bitrate: 900 },
      "target_bitrate: Give either a crf or a target_bitrate",
    ],
    [{ format: "mp4", two_pass: true }, "two_pass: Two passes aim at a target_bitrate"],
    [
      { format: "mp4", video_codec: "av1", target_bitrate: 900, two_pass: true },
      "two_pass: av1 is encoded in one",
    ],
    [{ format: "mp4", target_bitrate: 900, max_bitrate: 800 }, "max_bitrate: The peak cannot be below"],
    [{ format: "mp4", buffer_size: 500 }, "buffer_size: A buffer belongs to"],
    [{ format: "webm", codec_profile: "high" }, "codec_profile: The profiles of vp9 are 0, 1, 2, 3."],
    [
      { format: "mp4", codec_profile: "baseline", pixel_format: "yuv420p10le" },
      "pixel_format: The baseline profile",
    ],
    [
      { format: "mp4", video_codec: "av1", pixel_format: "yuv444p" },
      "pixel_format: av1 holds yuv420p, yuv420p10le.",
    ],
    [{ format: "mp4", codec_profile: "constructor" }, "codec_profile: The profiles of h264"],
    [{ format: "mp4", video_codec: "h265", tune: "film" }, "tune: h265 can be tuned for grain"],
    [{ format: "webm", level: "4.0" }, "level: The level of vp9 follows from size and rate"],
    [{ format: "mkv", target_platform: "ios" }, "format: iOS devices do not play mkv: ask for mp4."],
    [
      { format: "mp4", target_platform: "ios", video_codec: "vp9" },
      "video_codec: iOS devices do not all play vp9",
    ],
    [
      { format: "mp4", target_platform: "ios", level: "4.1" },
      "level: iOS devices play h264 up to level 4.0.",
    ],
    [
      { format: "mp4", target_platform: "android", pixel_format: "yuv420p10le" },
      "pixel_format: Android devices play",
    ],
    [{ format: "mp4", target_platform: "tv", audio_codec: "opus" }, "audio_codec: TV devices play aac, mp3"],
    [{ format: "mp4", hdr: "keep" }, "hdr: H.264 is not played as HDR: ask for video_codec h265"],
    [
      { format: "mp4", video_codec: "h265", hdr: "keep", pixel_format: "yuv420p" },
      "pixel_format: HDR needs ten bits",
    ],
    [
      { format: "webm", hdr: "keep", watermark: { media_id: "med_00000000000000000000000000" } },
      "watermark: A logo is SDR",
    ],
    [{ format: "hls", hdr: "keep" }, "hdr"],
    [{ format: "mp4", start: 5, end: 5 }, "end: The end has to come after 5 s"],
    [{ format: "mp4", resize_mode: "crop", width: 100 }, "resize_mode: crop needs both width and height."],
    [
      { format: "mp4", resize_mode: "crop", width: 100, height: 100, crop_position: "attention" },
      "crop_position: A video is cut at one place",
    ],
    [{ format: "webm", audio_sample_rate: 44_100 }, "audio_sample_rate: opus is made at"],
    [
      { format: "mp4", audio_codec: "mp3", audio_bitrate: 512 },
      "audio_bitrate: For mp3 it is 32–320 kbit/s.",
    ],
    [{ format: "mp4", video_codec: "av1", width: 32, height: 32 }, "width: A video's side is 64–4096 px."],
    [
      { format: "hls", video_codec: "h265" },
      "video_codec: This does not apply to hls, only to mp4, webm, mkv, ts.",
    ],
  ])("%j is refused", (specification, expected) => {
    expect(refused(specification)).toEqual(expect.arrayContaining([expect.stringContaining(expected)]));
  });
});
