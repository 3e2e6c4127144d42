import { encode, remuxed } from "./encode.ts";
import { mirrored } from "./headers.ts";

/** A file that must come out right. Frames are 25 and the length is 1 s, unless it says else. */
export interface Film {
  file: string;
  make: () => Promise<Buffer>;
  /** Of the MP4 that is made of it, px. */
  width?: number;
  height?: number;
  frames?: number;
  seconds?: number;
  /** The picture is of one rate, so that its frames can be counted off. */
  rate?: number;
  sound?: boolean;
  /** Where the flash is, s, when not at its usual time; `null` where it cannot be told. */
  flashSeconds?: number | null;
  /** What its metadata say. */
  learned?: object;
  /** Of the still, where that keeps what an MP4 cannot. */
  still?: { width: number; height: number };
  /** Seconds that the length may differ by, where a container does not tell it to the frame. */
  slack?: number;
}

const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
const AAC = ["-c:a", "aac"];
const MP2 = ["-c:a", "mp2", "-b:a", "128k"];
const INTERLACED = ["-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-top", "1", "-b:v", "1M"];
const hdr = (transfer: string) => [
  ...["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"],
  ...["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc"],
  ...["-x265-params", `log-level=error:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc`],
];
const film = () => encode({}, [...X264, ...AAC], "mp4");
const turned = async (degrees: number) =>
  remuxed(await film(), ["-metadata:s:v:0", `rotate=${360 - degrees}`], "mp4");

export const FILMS: readonly Film[] = [
  { file: "plain.mp4", make: film, learned: { video: { codec: "h264", profile: "Constrained Baseline" } } },
  {
    file: "fragmented.mp4",
    make: () => encode({}, [...X264, ...AAC, "-movflags", "+frag_keyframe+empty_moov"], "mp4"),
  },
  {
    file: "prores.mov",
    make: () => encode({}, ["-c:v", "prores_ks", "-profile:v", "3", "-c:a", "pcm_s16le"], "mov"),
    learned: { video: { codec: "prores", bit_depth: 10 } },
  },
  {
    file: "prores-4444-alpha.mov",
    make: () =>
      encode(
        { filters: ["format=yuva444p10le"] },
        ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", ...AAC],
        "mov",
      ),
  },
  {
    file: "interlaced.mpg",
    make: () => encode({ width: 128 }, [...INTERLACED, ...MP2, "-f", "vob"], "mpg"),
    ...{ width: 128, slack: 0.1, learned: { video: { interlaced: true } } },
  },
  {
    file: "interlaced.ts",
    make: () => encode({ width: 128 }, [...INTERLACED, ...MP2], "ts"),
    ...{ width: 128, slack: 0.1, learned: { video: { interlaced: true } } },
  },
  {
    file: "camera.m2ts",
    make: () => encode({}, [...X264, "-c:a", "ac3", "-mpegts_m2ts_mode", "1", "-f", "mpegts"], "m2ts"),
    slack: 0.1,
  },
  {
    file: "variable-rate.mkv",
    make: () =>
      encode({ filters: ["select='lt(n,9)+not(mod(n+2,3))'"] }, [...X264, ...AAC, "-fps_mode", "vfr"], "mkv"),
    ...{ frames: 14, slack: 0.13, learned: { video: { variable_frame_rate: true } } },
  },
  {
    file: "ten-bit.mkv",
    make: () =>
      encode(
        {},
        [
          ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"],
          ...["-pix_fmt", "yuv420p10le", ...AAC],
        ],
        "mkv",
      ),
    learned: { video: { codec: "hevc", bit_depth: 10 } },
  },
  {
    file: "hdr10.mp4",
    make: () => encode({}, [...hdr("smpte2084"), ...AAC], "mp4"),
    learned: { video: { color_transfer: "smpte2084", color_primaries: "bt2020" } },
  },
  {
    file: "hlg.mp4",
    make: () => encode({}, [...hdr("arib-std-b67"), ...AAC], "mp4"),
    learned: { video: { color_transfer: "arib-std-b67" } },
  },
  {
    file: "rotated-90.mp4",
    make: () => turned(90),
    width: 64,
    height: 96,
    learned: { video: { rotation: 90 } },
  },
  { file: "rotated-180.mp4", make: () => turned(180), learned: { video: { rotation: 180 } } },
  { file: "rotated-270.mp4", make: () => turned(270), width: 64, height: 96 },
  { file: "mirrored.mp4", make: async () => mirrored(await film(), 96) },
  {
    file: "two-languages.mkv",
    make: () =>
      encode(
        {},
        [
          ...["-map", "0:v", "-map", "0:a", "-map", "0:a", ...X264, ...AAC],
          ...["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"],
        ],
        "mkv",
      ),
    learned: { audio: [{ language: "eng" }, { language: "deu" }] },
  },
  {
    file: "subtitles.mkv",
    make: async () => {
      const text = "data:text/plain,1%0A00:00:00,100%20--%3E%2000:00:00,900%0AHello%0A";
      const subtitles = ["-protocol_whitelist", "data,file", "-f", "srt", "-i", text];
      const mapped = ["-map", "1", "-map", "0", "-c:s", "srt", "-metadata:s:s:0", "language=eng"];
      return remuxed(await film(), mapped, "mkv", subtitles);
    },
    learned: { subtitles: [{ codec: "subrip", language: "eng" }] },
  },
  {
    file: "odd-sides.webm",
    make: () =>
      encode(
        { filters: ["scale=97:65", "setsar=1"] },
        [
          "-c:v",
          "libvpx-vp9",
          "-deadline",
          "realtime",
          "-cpu-used",
          "8",
          "-pix_fmt",
          "yuv444p",
          "-c:a",
          "libopus",
        ],
        "webm",
      ),
    still: { width: 97, height: 65 },
  },
  {
    file: "wide-pixels.mp4",
    make: () => encode({ filters: ["setsar=4/3"] }, [...X264, ...AAC], "mp4"),
    ...{ width: 128, learned: { video: { pixel_aspect: "4:3", width: 128 } } },
  },
  { file: "silent.mp4", make: () => encode({ sound: false }, X264, "mp4"), sound: false },
  {
    file: "one-frame.mp4",
    make: () => encode({ seconds: 0.04, sound: false }, X264, "mp4"),
    ...{ frames: 1, seconds: 0.04, sound: false, flashSeconds: null },
  },
  {
    file: "late-start.ts",
    make: () => encode({}, [...X264, ...AAC, "-output_ts_offset", "10"], "ts"),
    slack: 0.1,
  },
  {
    file: "late-start.mp4",
    make: async () => remuxed(await film(), ["-output_ts_offset", "5"], "mp4"),
  },
  {
    file: "b-frames.mp4",
    make: () => encode({}, ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", ...AAC], "mp4"),
  },
  {
    file: "edit-list.mp4",
    make: async () => {
      const long = await encode({ seconds: 2 }, ["-c:v", "libx264", "-bf", "2", "-g", "10", ...AAC], "mp4");
      return remuxed(long, ["-t", "1"], "mp4");
    },
    // Copied streams are cut at whole groups of frames: how many stay is the muxer's affair.
    ...{ slack: 0.2, frames: undefined },
  },
  {
    file: "one-gop.mp4",
    make: () => encode({ seconds: 3 }, [...X264, "-g", "1000", "-sc_threshold", "0", ...AAC], "mp4"),
    ...{ frames: 75, seconds: 3 },
  },
  {
    file: "alpha.webm",
    make: () =>
      encode(
        { filters: ["format=yuva420p"] },
        [
          "-c:v",
          "libvpx-vp9",
          "-deadline",
          "realtime",
          "-cpu-used",
          "8",
          "-auto-alt-ref",
          "0",
          "-c:a",
          "libopus",
        ],
        "webm",
      ),
  },
  {
    file: "cover.mp4",
    make: async () => {
      const picture = ["-f", "lavfi", "-i", "color=red:size=96x64:rate=25:duration=0.04"];
      const mapped = ["-map", "1:v", "-map", "1:a", "-map", "0:v", "-c:v:1", "mjpeg"];
      return remuxed(await film(), [...mapped, "-disposition:v:1", "attached_pic"], "mp4", picture);
    },
    learned: { attached_picture: { codec: "mjpeg" } },
  },
  {
    file: "old.avi",
    make: () => encode({}, ["-c:v", "mpeg4", "-c:a", "libmp3lame"], "avi"),
    slack: 0.1,
  },
  {
    file: "flash.flv",
    make: () => encode({}, ["-c:v", "flv", "-ar", "44100", "-c:a", "libmp3lame"], "flv"),
    slack: 0.1,
  },
  {
    file: "phone.3gp",
    make: () => encode({ width: 176, height: 144 }, ["-c:v", "h263", ...AAC], "3gp"),
    ...{ width: 176, height: 144 },
  },
  {
    file: "free.ogv",
    make: () => encode({}, ["-c:v", "libtheora", "-c:a", "libvorbis"], "ogv"),
    // The encoder leaves out frames that repeat the one before.
    ...{ slack: 0.1, frames: undefined },
  },
  {
    file: "hevc.mkv",
    make: () =>
      encode(
        {},
        ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", ...AAC],
        "mkv",
      ),
  },
  { file: "photos.mov", make: () => encode({}, ["-c:v", "mjpeg", "-c:a", "pcm_s16le"], "mov") },
  {
    file: "vp8.webm",
    make: () =>
      encode({}, ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"], "webm"),
  },
  {
    file: "av1.webm",
    make: () =>
      encode({ width: 128, height: 96 }, ["-c:v", "libsvtav1", "-preset", "12", "-c:a", "libopus"], "webm"),
    ...{ width: 128, height: 96 },
  },
  { file: "windows.wmv", make: () => encode({}, ["-c:v", "wmv2", "-c:a", "wmav2"], "wmv"), slack: 0.1 },
  {
    file: "broadcast.mxf",
    make: () => encode({ width: 128 }, ["-c:v", "mpeg2video", "-b:v", "2M", "-c:a", "pcm_s16le"], "mxf"),
    width: 128,
  },
  {
    file: "ntsc.mp4",
    make: () => encode({ rate: "30000/1001" }, [...X264, ...AAC], "mp4"),
    ...{ frames: 30, seconds: 1.001, rate: 30000 / 1001, flashSeconds: 0.4004 },
  },
  {
    file: "sixty.mp4",
    make: () => encode({ rate: "60" }, [...X264, ...AAC], "mp4"),
    ...{ frames: 60, rate: 60 },
  },
  {
    file: "surround.mkv",
    make: () => encode({}, [...X264, "-ac", "6", "-c:a", "ac3"], "mkv"),
    learned: { audio: [{ channels: 6, channel_layout: "5.1(side)" }] },
  },
  { file: "short-sound.mp4", make: () => encode({ soundSeconds: 0.7 }, [...X264, ...AAC], "mp4") },
  {
    file: "webm-called.mp4",
    make: () => encode({}, ["-c:v", "libvpx", "-cpu-used", "8", "-c:a", "libopus"], "webm"),
  },
];
