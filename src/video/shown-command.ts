import { z } from "zod";
import type { FfmpegSetting } from "./ffmpeg-args.ts";

/** A program as it will be run, with words in braces for what only the machine knows that runs it. */
export const taskCommand = z.object({
  /** As the progress of the task calls it. */
  step: z.string(),
  program: z.enum(["ffmpeg", "ffprobe"]),
  args: z.array(z.string()),
  /** Runs in all, where they differ in `{at}` and `{n}` alone. */
  times: z.int().positive().optional(),
});
export type TaskCommand = z.infer<typeof taskCommand>;

export function command(
  step: string,
  args: string[],
  program: TaskCommand["program"] = "ffmpeg",
): TaskCommand {
  return { step, program, args };
}

/** A file in the folder that a task has for itself. */
export function inFolder(file: string): string {
  return `{folder}/${file}`;
}

/** On a machine with everything that the image of the transcoder has. */
export function settingFor({ watermark }: { watermark?: unknown }): FfmpegSetting {
  const overlay = { file: inFolder("overlay.png"), left: "{left}", top: "{top}" };
  return {
    inputUrl: "{input}",
    threads: "{threads}",
    toneMapping: true,
    ...(watermark !== undefined && { overlay }),
  };
}

/** Runs that differ in where they seek to and in the number of the file that they write, as one. */
export function repeated(step: string, runs: readonly string[][]): TaskCommand[] {
  const last = runs.at(-1);
  if (last === undefined) return [];
  if (runs.length === 1) return [command(step, last)];
  const args = last.map((arg, i) => {
    if (last[i - 1] === "-ss") return "{at}";
    return i === last.length - 1 ? arg.replace(/\d+(?=\.\w+$)/, "{n}") : arg;
  });
  return [{ ...command(step, args), times: runs.length }];
}
