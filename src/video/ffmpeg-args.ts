import type { Overlay } from "./overlay.ts";
import type { FilterSupport } from "./video-filters.ts";

/** A count, or where a run is only told of, the word that stands for one. */
export type Threads = number | "{threads}";

/** Where and under which limits one ffmpeg runs. */
export interface FfmpegSetting extends FilterSupport {
  inputUrl: string;
  /** A logo over the picture, where the output has one. */
  overlay?: Overlay | undefined;
  /** Threads for each decoder, filter graph and encoder. */
  threads: Threads;
}

/**
 * Demuxers that an upload may use. None of them opens a second file: playlists (hls, dash, concat), image sequences,
 * devices and anything else that takes its bytes from elsewhere are left out, so such a file is refused unread.
 */
const INPUT_FORMATS = [
  ...["mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "ogg", "asf", "mxf", "nut", "gif"],
  ...["mp3", "aac", "wav", "flac", "aiff", "caf", "ac3", "eac3", "amr", "h264", "hevc", "m4v", "ivf", "obu"],
];

/** Largest single allocation, bytes: a 16-bit RGBA frame of 8192 × 8192 px fits. */
const MAX_ALLOCATION_BYTES = 536_870_912;
/** Silence on the socket after which reading the source fails, µs. */
const READ_TIMEOUT_US = 30_000_000;

/** Options that come before everything else. `-progress` writes to stdout. */
export function globalArgs(setting: FfmpegSetting): string[] {
  return [
    ...["-nostdin", "-hide_banner", "-nostats", "-v", "error", "-y"],
    ...["-progress", "pipe:1", "-stats_period", "0.5"],
    ...["-max_alloc", String(MAX_ALLOCATION_BYTES)],
    ...["-filter_threads", String(setting.threads), "-filter_complex_threads", String(setting.threads)],
  ];
}

/**
 * Opens the source over HTTP with byte ranges, and nothing else: no files, no redirects, no other protocols and no
 * format that refers to a second resource.
 *
 * @param seekSeconds position to decode from; exact, since ffmpeg drops what lies between it and the keyframe before
 */
export function inputArgs(setting: FfmpegSetting, seekSeconds?: number): string[] {
  return [
    ...inputGuards(setting.inputUrl),
    ...["-threads", String(setting.threads)],
    ...(seekSeconds === undefined ? [] : ["-ss", seekSeconds.toFixed(6)]),
    ...["-i", setting.inputUrl],
  ];
}

/**
 * Opens the source at the keyframe before a position, counted from the start of the file. Frames before the position
 * are decoded too: whoever reads them picks what he wants by its time.
 */
export function inputArgsAround(setting: FfmpegSetting, seekSeconds: number): string[] {
  const input = inputArgs(setting, seekSeconds);
  return [...input.slice(0, -2), "-noaccurate_seek", ...input.slice(-2)];
}

/** In front of all inputs: frames have the times that the file gives them, which need not begin at 0. */
export const FILE_TIMES_ARGS: readonly string[] = ["-copyts"];

/** Arguments of ffprobe: a JSON report of the container and its streams on stdout. */
export function probeArgs(inputUrl: string): string[] {
  return [
    ...["-hide_banner", "-v", "error", "-max_alloc", String(MAX_ALLOCATION_BYTES)],
    ...["-print_format", "json", "-show_format", "-show_streams", "-show_chapters"],
    ...inputGuards(inputUrl),
    ...["-i", inputUrl],
  ];
}

/** Packets of the picture, from the start, that are looked through for keyframes. */
export const KEYFRAME_PACKETS = 400;

/** Arguments of ffprobe: times and flags of the first packets of the picture, as CSV on stdout. */
export function keyframeProbeArgs(inputUrl: string): string[] {
  return [
    ...["-hide_banner", "-v", "quiet", "-max_alloc", String(MAX_ALLOCATION_BYTES)],
    ...["-select_streams", "V:0", "-show_entries", "packet=pts_time,flags"],
    ...["-read_intervals", `%+#${KEYFRAME_PACKETS}`, "-of", "csv=p=0"],
    ...inputGuards(inputUrl),
    ...["-i", inputUrl],
  ];
}

/** Arguments of ffprobe: what the first frame carries beside its pixels, as JSON on stdout. */
export function firstFrameProbeArgs(inputUrl: string): string[] {
  return [
    ...["-hide_banner", "-v", "quiet", "-max_alloc", String(MAX_ALLOCATION_BYTES)],
    ...["-select_streams", "V:0", "-show_frames", "-show_entries", "frame=side_data_list"],
    ...["-read_intervals", "%+#1", "-of", "json"],
    ...inputGuards(inputUrl),
    ...["-i", inputUrl],
  ];
}

/** Arguments that read the packets of picture and sound to the last, for how far they reach. */
export function packetsArgs(setting: FfmpegSetting): string[] {
  const tracks = ["-map", "0:V?", "-map", "0:a?", "-c", "copy", "-f", "null", "-"];
  return [...globalArgs(setting), ...inputArgs(setting), ...tracks];
}

function inputGuards(inputUrl: string): string[] {
  const protocols = inputUrl.startsWith("https:") ? "https,tls,tcp" : "http,tcp";
  return [
    ...["-protocol_whitelist", protocols, "-format_whitelist", INPUT_FORMATS.join(",")],
    ...["-max_redirects", "0", "-rw_timeout", String(READ_TIMEOUT_US), "-icy", "0"],
    ...["-reconnect", "1", "-reconnect_on_network_error", "1", "-reconnect_on_http_error", "5xx"],
    ...["-reconnect_delay_max", "4"],
  ];
}
