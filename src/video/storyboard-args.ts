import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import type { FrameSize } from "./frame-size.ts";
import { onScreenEvery, openOnScreen } from "./on-screen.ts";
import type { VideoDescription } from "./source.ts";
import type { StoryboardPlan } from "./storyboard.ts";
import { pictureFilters } from "./video-filters.ts";

/** Further apart than this, seeking to each tile reads and decodes less than going through everything. */
const MAX_DECODED_SECONDS_A_TILE = 10;

/** Runs that write `tile-00001.png` …, in order: one through the whole video, or one for each tile. */
export function tileRuns(
  plan: StoryboardPlan,
  video: VideoDescription,
  tile: FrameSize,
  setting: FfmpegSetting,
): string[][] {
  const filters = pictureFilters(video, tile, setting);
  const step = plan.intervalSeconds;
  if (step <= MAX_DECODED_SECONDS_A_TILE) {
    const through = [...onScreenEvery(step), ...filters];
    return [
      tileArgs(setting, inputArgs(setting), through, ["-frames:v", String(plan.tiles)], "tile-%05d.png"),
    ];
  }
  return Array.from({ length: plan.tiles }, (_, i) => {
    const { input, filters: first } = openOnScreen(video, setting, i === 0 ? undefined : i * step);
    return tileArgs(
      setting,
      input,
      [...first, ...filters],
      ["-frames:v", "1", "-update", "1"],
      tileFile(i + 1),
    );
  });
}

export function tileFile(number: number): string {
  return `tile-${String(number).padStart(5, "0")}.png`;
}

/** Lays the tiles in the working folder out on sheets, `sheet-1.png` …; what is left over of the last one is black. */
export function sheetArgs({ columns, rows }: StoryboardPlan): string[] {
  return [
    ...["-nostdin", "-hide_banner", "-v", "error", "-y", "-protocol_whitelist", "file", "-f", "image2"],
    ...["-start_number", "1", "-i", "tile-%05d.png", "-vf", `tile=${columns}x${rows}`],
    ...["-fps_mode", "passthrough", "-c:v", "png", "-compression_level", "1", "-f", "image2", "sheet-%d.png"],
  ];
}

function tileArgs(
  setting: FfmpegSetting,
  input: string[],
  filters: string[],
  selection: string[],
  file: string,
): string[] {
  return [
    ...globalArgs(setting),
    ...input,
    ...["-map", "0:V:0", "-an", "-vf", filters.join(","), ...selection],
    ...["-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-c:v", "png", "-compression_level", "1"],
    ...["-f", "image2", file],
  ];
}
