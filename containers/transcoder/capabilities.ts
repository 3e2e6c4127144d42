import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { WANTED_ENCODERS } from "../../src/video/encoders.ts";
import { canFindFaces } from "./face-detector.ts";

const run = promisify(execFile);

/** What the installed ffmpeg is and can do; asked once, at start. */
export interface FfmpegCapabilities {
  version: string;
  encoders: string[];
  /** HDR can be brought to SDR. */
  toneMapping: boolean;
}

/** What is done with pictures by something else than libvips. */
export interface PictureCapabilities {
  /** libheif's tools are there, with a decoder for HEVC. */
  heic: boolean;
  /** ffmpeg decodes BMP. */
  bmp: boolean;
  /** The face detector's file is there. */
  faces: boolean;
}

/** What the system's packages add to libvips; asked once, at start. */
export async function askPictures(): Promise<PictureCapabilities> {
  const [heic, bmp, faces] = await Promise.all([decodesHeic(), decodesBmp(), canFindFaces()]);
  return { heic, bmp, faces };
}

async function decodesHeic(): Promise<boolean> {
  try {
    const { stdout } = await run("heif-convert", ["--list-decoders"]);
    return /^HEIC decoders:\s*\n- /m.test(stdout);
  } catch {
    return false;
  }
}

async function decodesBmp(): Promise<boolean> {
  return namesIn(await ask(["-decoders"])).has("bmp");
}

/** @throws {Error} when there is no ffmpeg on the PATH */
export async function askFfmpeg(): Promise<FfmpegCapabilities> {
  const [version, encoders, filters] = await Promise.all([
    ask(["-version"]),
    ask(["-encoders"]),
    ask(["-filters"]),
  ]);
  const names = namesIn(encoders);
  const filterNames = namesIn(filters);
  return {
    version: /^ffmpeg version (\S+)/.exec(version)?.[1] ?? "unknown",
    encoders: WANTED_ENCODERS.filter((name) => names.has(name)),
    toneMapping: filterNames.has("zscale") && filterNames.has("tonemap"),
  };
}

async function ask(args: string[]): Promise<string> {
  const { stdout } = await run("ffmpeg", ["-hide_banner", ...args], { maxBuffer: 4_000_000 });
  return stdout;
}

/** Lists are printed as `<flags> <name> <what it is>`. */
function namesIn(list: string): Set<string> {
  return new Set(list.split("\n").flatMap((line) => /^\s*\S+\s+(\S+)/.exec(line)?.[1] ?? []));
}
