import { MediaError } from "../../src/errors.ts";
import type { RunPlace } from "./run-ffmpeg.ts";
import { runProcess } from "./run-process.ts";

/**
 * Makes a PNG of a BMP: ffmpeg knows its palettes, runs and bit fields, and libvips does not.
 *
 * @returns the local file, beside the other
 * @throws {MediaError} `corrupt_image`
 */
export async function decodeBmp(place: RunPlace, input: string): Promise<string> {
  const file = `${input}.png`;
  const from = ["-protocol_whitelist", "file", "-f", "bmp_pipe", "-i", input];
  await runProcess({
    command: "ffmpeg",
    args: [
      "-nostdin",
      "-v",
      "error",
      "-xerror",
      ...from,
      "-frames:v",
      "1",
      "-compression_level",
      "1",
      "-y",
      file,
    ],
    cwd: place.folder,
    signal: place.signal,
    stallMs: place.stallMs,
    onStdout: () => true,
    classifyExit: ({ stderr }) =>
      new MediaError("corrupt_image", "The BMP is damaged or incomplete.", { privateDetail: stderr }),
  });
  return file;
}
