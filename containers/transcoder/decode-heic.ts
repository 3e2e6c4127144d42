import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MediaError } from "../../src/errors.ts";
import type { RunPlace } from "./run-ffmpeg.ts";
import { runProcess } from "./run-process.ts";
import { standPngUpright } from "./upright-png.ts";

/** Address space of the decoder, KiB: room for 100 megapixels, and an end for a file that claims more. */
const MAX_MEMORY_KIB = 3_500_000;

/**
 * Makes a PNG of a HEIC. libvips comes without HEVC, for its patents; libheif's own tool has it from the system's
 * packages. Tiles are joined and turned by it.
 *
 * @returns the local file, beside the other
 * @throws {MediaError} `decoder_missing`, `unsupported_image`, `corrupt_image`
 */
export async function decodeHeic(place: RunPlace, input: string): Promise<string> {
  const index = await primaryIndex(place, input);
  await runHeifTool(place, "heif-convert", ["--quiet", input, `${input}.png`]);
  // Of several pictures each has its number, from 1.
  const made = await readdir(dirname(input));
  const names = [`${basename(input)}.png`, `${basename(input)}-${index}.png`];
  const name = names.find((candidate) => made.includes(candidate));
  if (name === undefined) throw new MediaError("corrupt_image", "The HEIC has no picture in it.");
  const file = join(dirname(input), name);
  await standPngUpright(file);
  return file;
}

/** Which of the pictures of a file is the one to show, counted from 1 in the order in which they are converted. */
async function primaryIndex(place: RunPlace, input: string): Promise<number> {
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
async function runHeifTool(place: RunPlace, tool: string, args: string[]): Promise<string> {
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
