import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { WANTED_ENCODERS } from "../../src/video/encoders.ts";

const run = promisify(execFile);

/** What the installed ffmpeg is and can do; asked once, at start. */
export interface FfmpegCapabilities {
  version: string;
  encoders: string[];
  /** HDR can be brought to SDR. */
  toneMapping: boolean;
}

/** Pictures that libvips cannot open and something else can. */
export interface PictureCapabilities {
  /** libheif's tools are there, with a decoder for HEVC. */
  heic: boolean;
}

/** What the system's packages add to libvips; asked once, at start. */
export async function askDecoders(): Promise<PictureCapabilities> {
  try {
    const { stdout } = await run("heif-convert", ["--list-decoders"]);
    return { heic: /^HEIC decoders:\s*\n- /m.test(stdout) };
  } catch {
    return { heic: false };
  }
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
