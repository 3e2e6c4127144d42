import { FILE_FORMATS, type FileFormat } from "../../video/codecs.ts";
import { STREAM_FORMATS } from "../../video/output.ts";
import { SOUND_FORMATS, type SoundFormat } from "../../video/sound-output.ts";

/** `auto` is WebP, without loss for flat graphics. */
export const PICTURE_FORMATS = ["auto", "webp", "jpeg", "png", "avif", "gif"] as const;
/** One progressive file with a picture that moves. */
export const VIDEO_FORMATS = FILE_FORMATS;

/** What is learned of a file, and drawings of that. */
export const DATA_FORMATS = ["json", "svg"] as const;

export const OUTPUT_FORMATS = [
  ...PICTURE_FORMATS,
  ...VIDEO_FORMATS,
  ...STREAM_FORMATS,
  ...SOUND_FORMATS,
  ...DATA_FORMATS,
] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What names end in when the client gives none. Streams are folders. */
export const EXTENSIONS: Record<OutputFormat, string> = {
  auto: ".webp",
  webp: ".webp",
  jpeg: ".jpg",
  png: ".png",
  avif: ".avif",
  gif: ".gif",
  mp4: ".mp4",
  webm: ".webm",
  mkv: ".mkv",
  ts: ".ts",
  hls: "",
  dash: "",
  adaptive: "",
  m4a: ".m4a",
  mp3: ".mp3",
  ogg: ".ogg",
  json: ".json",
  svg: ".svg",
};

export function isPicture(format: OutputFormat): boolean {
  return PICTURE_FORMATS.some((picture) => picture === format);
}

export function isVideoFile(format: OutputFormat): format is FileFormat {
  return VIDEO_FORMATS.some((video) => video === format);
}

export function isStream(format: OutputFormat): boolean {
  return STREAM_FORMATS.some((stream) => stream === format);
}

export function isSound(format: OutputFormat): format is SoundFormat {
  return SOUND_FORMATS.some((sound) => sound === format);
}
