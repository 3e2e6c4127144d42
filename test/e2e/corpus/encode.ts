import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** When the picture flashes white and the tone sounds, s. */
export const FLASH_SECONDS = { from: 0.4, to: 0.56 };

/** What every file of the corpus is made from: a second of moving picture, with one flash and one tone at its time. */
interface Scene {
  width?: number;
  height?: number;
  /** As ffmpeg writes rates. */
  rate?: string;
  seconds?: number;
  /** Of the sound, where it differs from the picture's. */
  soundSeconds?: number;
  picture?: boolean;
  sound?: boolean;
  /** Filters behind the picture. */
  filters?: string[];
}

/** Encodes the scene with ffmpeg's options; `ending` chooses the container. */
export async function encode(scene: Scene, options: string[], ending: string): Promise<Buffer> {
  return inFolder(async (folder) => {
    const made = join(folder, `made.${ending}`);
    const graph = [...pictureOf(scene), ...soundOf(scene)].join(";");
    await ffmpeg(["-f", "lavfi", "-i", graph, ...options, made]);
    return readFile(made);
  });
}

/** Other headers around the same bytes. */
export async function remuxed(
  input: Buffer,
  options: string[],
  ending: string,
  before: string[] = [],
): Promise<Buffer> {
  return inFolder(async (folder) => {
    const [from, to] = [join(folder, "from"), join(folder, `to.${ending}`)];
    await writeFile(from, input);
    await ffmpeg([...before, "-i", from, "-c", "copy", ...options, to]);
    return readFile(to);
  });
}

export async function ffmpeg(args: string[]): Promise<string> {
  const { stdout } = await run("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args], {
    maxBuffer: 10_000_000,
  });
  return stdout;
}

/** A folder that is gone when `use` ends. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "darkroom-corpus-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pictureOf(scene: Scene): string[] {
  const { width = 96, height = 64, rate = "25", seconds = 1, picture = true, filters = [] } = scene;
  if (!picture) return [];
  const flash = `drawbox=c=white:t=fill:enable='between(t,${FLASH_SECONDS.from - 0.001},${FLASH_SECONDS.to})'`;
  const source = `testsrc2=size=${width}x${height}:rate=${rate}:duration=${seconds}`;
  return [`${[source, flash, ...filters].join(",")}[out0]`];
}

function soundOf({ seconds = 1, soundSeconds = seconds, picture = true, sound = true }: Scene): string[] {
  if (!sound) return [];
  const tone = `if(between(t,${FLASH_SECONDS.from},${FLASH_SECONDS.to}),0.8*sin(6283*t),0)`;
  return [`aevalsrc='${tone}':s=48000:d=${soundSeconds}[out${picture ? 1 : 0}]`];
}
