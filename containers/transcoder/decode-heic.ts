import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../../src/errors.ts";
import { detectImageFormat } from "../../src/image/probe/detect.ts";
import { runProcess } from "./run-process.ts";
import type { TaskContext } from "./task-context.ts";
import { standPngUpright } from "./upright-png.ts";

type Place = Pick<TaskContext, "folder" | "signal" | "stallMs">;

/** Address space of the decoder, KiB: room for 100 megapixels, and an end for a file that claims more. */
const MAX_MEMORY_KIB = 3_500_000;

/**
 * A file that libvips can open: HEIC as a PNG, everything else as it is. libvips comes without HEVC, for its patents;
 * libheif's own tool has it from the system's packages. Tiles are joined and turned by it.
 *
 * @returns the local file, which lies in the task's folder
 * @throws {MediaError} `decoder_missing`, `unsupported_image`, `corrupt_image`
 */
export async function decodeHeic(place: Place, input: string): Promise<string> {
  const format = detectImageFormat(await headOf(input));
  if (format !== "heic") return input;
  const index = await primaryIndex(place, input);
  await runHeifTool(place, "heif-convert", ["--quiet", input, "heic.png"]);
  // Of several pictures each has its number, from 1.
  const made = await readdir(place.folder);
  const name = ["heic.png", `heic-${index}.png`].find((file) => made.includes(file));
  if (name === undefined) throw new MediaError("corrupt_image", "The HEIC has no picture in it.");
  const file = join(place.folder, name);
  await standPngUpright(file);
  return file;
}

async function headOf(file: string): Promise<Uint8Array> {
  const source = await open(file);
  try {
    const { buffer, bytesRead } = await source.read(new Uint8Array(1024), 0, 1024, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await source.close();
  }
}

/** Which of the pictures of a file is the one to show, counted from 1 in the order in which they are converted. */
async function primaryIndex(place: Place, input: string): Promise<number> {
  const list = await runHeifTool(place, "heif-info", [input]);
  const pictures = list.match(/^image: .*$/gm) ?? [];
  return (
    Math.max(
      0,
      pictures.findIndex((line) => line.includes("primary")),
    ) + 1
  );
}

/** What one of libheif's tools says on stdout. */
async function runHeifTool(place: Place, tool: string, args: string[]): Promise<string> {
  let said = "";
  await runProcess({
    command: "sh",
    args: ["-c", `ulimit -v ${MAX_MEMORY_KIB} && exec "$0" "$@"`, tool, ...args],
    cwd: place.folder,
    signal: place.signal,
    stallMs: place.stallMs,
    onStdout: (text) => {
      said += text;
      return true;
    },
    classifyExit: ({ exitCode, stderr }) => classify(exitCode, stderr),
  });
  return said;
}

/** The shell's word for a command that it does not find. */
const NOT_FOUND = 127;

function classify(exitCode: number | null, stderr: string): MediaError {
  const options = { privateDetail: stderr };
  if (exitCode === NOT_FOUND || /has not been built in|No decoding plugin|decoder plugin/i.test(stderr)) {
    return new MediaError("decoder_missing", "This transcoder has no decoder for HEIC.", options);
  }
  if (/unsupported/i.test(stderr)) {
    return new MediaError("unsupported_image", "This variety of HEIC cannot be decoded.", options);
  }
  return new MediaError("corrupt_image", "The HEIC is damaged or incomplete.", options);
}
