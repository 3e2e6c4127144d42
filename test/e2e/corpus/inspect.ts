import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ffmpeg, inFolder } from "./encode.ts";

/** Louder than this the tone sounds; brighter than that it flashes. */
const LOUD = 6_000;
const SOUND_RATE = 8_000;

interface Stream {
  codec_type: string;
  width: number;
  height: number;
  start_time: string;
  duration: string;
  nb_read_frames: string;
  pix_fmt: string;
  color_transfer?: string;
  color_primaries?: string;
  color_space?: string;
  sample_aspect_ratio?: string;
  field_order?: string;
  side_data_list?: { rotation?: number }[];
}

/** What an MP4 turned out to be, measured. Times in seconds. */
export interface Inspection {
  video: Stream;
  audio: Stream | undefined;
  frames: number;
  seconds: number;
  /** When it first flashes and when it first sounds. */
  flashSeconds: number | undefined;
  toneSeconds: number | undefined;
}

export async function inspect(mp4: Buffer): Promise<Inspection> {
  return inFolder(async (folder) => {
    const file = join(folder, "made.mp4");
    await writeFile(file, mp4);
    const [report, flashSeconds, toneSeconds] = await Promise.all([
      probeFrames(file),
      findFlash(file),
      findTone(file, folder),
    ]);
    const video = report.streams.find(({ codec_type }) => codec_type === "video");
    if (!video) throw new Error("no picture was made");
    const audio = report.streams.find(({ codec_type }) => codec_type === "audio");
    const frames = Number(video.nb_read_frames);
    return { video, audio, frames, seconds: Number(video.duration), flashSeconds, toneSeconds };
  });
}

/** Length and tone of a file of sound. */
export async function inspectSound(
  bytes: Buffer,
): Promise<{ seconds: number; toneSeconds: number | undefined }> {
  return inFolder(async (folder) => {
    const file = join(folder, "made");
    await writeFile(file, bytes);
    const [report, toneSeconds] = await Promise.all([probeFrames(file), findTone(file, folder)]);
    return { seconds: Number(report.streams[0]?.duration), toneSeconds };
  });
}

async function probeFrames(file: string): Promise<{ streams: Stream[] }> {
  const args = ["-v", "error", "-count_frames", "-show_streams", "-of", "json", file];
  return JSON.parse((await promisify(execFile)("ffprobe", args)).stdout);
}

/** The first frame that is nearly all white, by its own time. */
async function findFlash(file: string): Promise<number | undefined> {
  const look = "scale=16:16:flags=area,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-";
  const printed = await ffmpeg([
    "-copyts",
    "-i",
    file,
    "-an",
    "-vf",
    look,
    "-fps_mode",
    "passthrough",
    "-f",
    "null",
    "-",
  ]);
  const frames = [...printed.matchAll(/pts_time:([\d.]+)\s+lavfi\.signalstats\.YAVG=([\d.]+)/g)];
  const flash = frames.find(([, , brightness]) => Number(brightness) > 200);
  return flash && Number(flash[1]);
}

async function findTone(file: string, folder: string): Promise<number | undefined> {
  const raw = join(folder, "sound.raw");
  // Gaps and a late start count as time.
  const timed = "aresample=async=1:first_pts=0";
  const args = ["-map", "0:a?", "-af", timed, "-ac", "1", "-ar", String(SOUND_RATE), "-f", "s16le", raw];
  await ffmpeg(["-copyts", "-i", file, "-vn", ...args]).catch(() => undefined);
  const bytes = await readFile(raw).catch(() => Buffer.of());
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    if (Math.abs(bytes.readInt16LE(at)) > LOUD) return at / 2 / SOUND_RATE;
  }
  return undefined;
}
