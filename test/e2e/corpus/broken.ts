import { randomBytes } from "node:crypto";
import { encode } from "./encode.ts";
import { withGiantSides, withoutBox } from "./headers.ts";

/** A file that cannot come out right: what the job fails with, or what it is refused with before there is a job. */
export interface Broken {
  file: string;
  make: () => Promise<Buffer>;
  failure?: { code: RegExp; class: string };
  refusal?: { code: string; status: number };
}

const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"];
const film = (more: string[] = []) => encode({}, [...X264, ...more], "mp4");
const CORRUPT = { code: /^corrupt_input$/, class: "input" };

export const BROKEN: readonly Broken[] = [
  {
    file: "no-index.mp4",
    make: async () => {
      const whole = await film();
      return whole.subarray(0, whole.length / 2);
    },
    failure: CORRUPT,
  },
  {
    file: "no-tail.mp4",
    make: async () => {
      const whole = await film(["-movflags", "+faststart"]);
      return whole.subarray(0, Math.floor(whole.length * 0.6));
    },
    failure: CORRUPT,
  },
  {
    file: "no-head.mp4",
    make: async () => {
      const whole = await film();
      return whole.subarray(2000);
    },
    refusal: { code: "type_mismatch", status: 415 },
  },
  {
    file: "no-stsd.mp4",
    make: async () => withoutBox(await film(), "stsd"),
    failure: { code: /^(corrupt_input|no_media_streams|no_video_stream|unsupported_codec)$/, class: "input" },
  },
  {
    file: "no-frames.mp4",
    make: () => encode({ sound: false }, ["-c:v", "libx264", "-frames:v", "0"], "mp4"),
    failure: { code: /^(corrupt_input|no_media_streams|no_video_stream)$/, class: "input" },
  },
  {
    file: "giant.mov",
    make: async () => withGiantSides(await encode({ sound: false }, ["-c:v", "mjpeg"], "mov")),
    failure: { code: /^(corrupt_input|no_media_streams|no_video_stream)$/, class: "input" },
  },
  {
    file: "noise.mp4",
    make: async () => randomBytes(20_000),
    refusal: { code: "type_mismatch", status: 415 },
  },
  {
    file: "noise-with-a-head.mp4",
    make: async () => Buffer.concat([(await film()).subarray(0, 40), randomBytes(20_000)]),
    failure: CORRUPT,
  },
  {
    file: "letter.mp4",
    make: async () => Buffer.from("Dear reader, this is no film.\n".repeat(300)),
    refusal: { code: "type_mismatch", status: 415 },
  },
  {
    file: "playlist.mp4",
    make: async () =>
      Buffer.from("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
    refusal: { code: "type_mismatch", status: 415 },
  },
  { file: "nothing.mp4", make: async () => Buffer.of(), refusal: { code: "empty_file", status: 422 } },
];
