import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { StreamOutput } from "../../../src/video/output.ts";

/** The ladder that everybody makes. */
export const LADDER: StreamOutput = {
  format: "hls",
  name: "stream",
  variants: [
    { shortSidePx: 240, videoKbps: 400, audioKbps: 64 },
    { shortSidePx: 360, videoKbps: 750, audioKbps: 96 },
    { shortSidePx: 480, videoKbps: 1200, audioKbps: 128 },
    { shortSidePx: 720, videoKbps: 2500, audioKbps: 128 },
  ],
  segmentSeconds: 2,
  crf: 22,
  encoderPreset: "veryfast",
};
const WIDTHS = [426, 640, 854, 1280];
const AUDIO = ["-map", "0:a:0", "-c:a", "aac", "-b:a", "128k", "-ac", "1"];

interface Picture {
  width: number;
  height: number;
  seconds: number;
}

/** Moving pictures with some noise, so that they are not the easiest there are, and a tone. Gives the file. */
export function makeSource(dir: string, { width, height, seconds }: Picture): string {
  const file = join(dir, `${height}.mp4`);
  const picture = `testsrc2=size=${width}x${height}:rate=30:duration=${seconds},noise=alls=6:allf=t`;
  const tone = `sine=frequency=440:sample_rate=48000:duration=${seconds}`;
  const inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone];
  ffmpeg([...inputs, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-c:a", "aac", file]);
  return file;
}

/** One command as a careful person writes it: one decode, split, scaled, encoded, cut into fMP4 segments. Seconds. */
export function handWritten(dir: string, source: string): number {
  const splits = WIDTHS.map((_, i) => `[s${i}]`).join("");
  const scaled = LADDER.variants.map(
    ({ shortSidePx }, i) => `[s${i}]scale=${WIDTHS[i]}:${shortSidePx}[v${i}]`,
  );
  const graph = [`[0:v:0]split=${WIDTHS.length}${splits}`, ...scaled].join(";");
  const video = LADDER.variants.flatMap((_, i) => ["-map", `[v${i}]`, ...encoder(i, `:v:${i}`)]);
  const streams = [...WIDTHS.map((_, i) => `v:${i},agroup:a`), "a:0,agroup:a"].join(" ");
  const folder = join(dir, "hand");
  const muxer = [...segments(join(folder, "%v-%03d.m4s")), "-var_stream_map", streams];
  execFileSync("mkdir", ["-p", folder]);
  return timed([
    ...["-i", source, "-filter_complex", graph, ...video, ...AUDIO],
    ...[...muxer, join(folder, "%v.m3u8")],
  ]);
}

/** The same by one command for each rendition and one for the sound, one after the other. Seconds. */
export function oneByOne(dir: string, source: string): number {
  const folder = join(dir, "each");
  execFileSync("mkdir", ["-p", folder]);
  const renditions = LADDER.variants.map(({ shortSidePx }, i) => [
    ...["-i", source, "-map", "0:v:0", "-vf", `scale=${WIDTHS[i]}:${shortSidePx}`, ...encoder(i, ":v:0")],
    ...[...segments(join(folder, `${i}-%03d.m4s`)), join(folder, `${i}.m3u8`)],
  ]);
  const sound = ["-i", source, ...AUDIO, ...segments(join(folder, "a-%03d.m4s")), join(folder, "a.m3u8")];
  return [...renditions, sound].reduce((sum, args) => sum + timed(args), 0);
}

function encoder(i: number, stream: string): string[] {
  const kbps = LADDER.variants[i]?.videoKbps ?? 0;
  const options = {
    c: "libx264",
    preset: LADDER.encoderPreset,
    crf: LADDER.crf,
    maxrate: `${Math.round(kbps * 1.3)}k`,
    bufsize: `${kbps * 2}k`,
    profile: "high",
    pix_fmt: "yuv420p",
    sc_threshold: 0,
    force_key_frames: "expr:not(mod(n,20))",
  };
  return Object.entries(options).flatMap(([name, value]) => [`-${name}${stream}`, String(value)]);
}

function segments(pattern: string): string[] {
  const length = ["-hls_time", String(LADDER.segmentSeconds), "-hls_playlist_type", "vod"];
  return ["-f", "hls", ...length, "-hls_segment_type", "fmp4", "-hls_segment_filename", pattern];
}

function timed(args: string[]): number {
  const startedAt = performance.now();
  ffmpeg(args);
  return (performance.now() - startedAt) / 1000;
}

function ffmpeg(args: string[]): void {
  execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}
