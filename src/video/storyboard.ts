import { z } from "zod";
import { MediaError } from "../errors.ts";
import { imageOutput } from "../image/output.ts";
import type { FrameSize } from "./frame-size.ts";
import type { SourceDescription } from "./source.ts";
import { formatCueTime } from "./web-vtt.ts";

/** Tiles of all sheets together; beyond that nobody looks at them one by one. */
const MAX_TILES = 1_000;
/** Without an interval: so many tiles at most, and none closer together than a second. */
const AUTO_TILES = 100;
const MIN_AUTO_INTERVAL_SECONDS = 1;

/**
 * Small pictures at even distances, tiled on sheets, and a WebVTT file that says which part of which sheet belongs to
 * which time. `name` is that of the WebVTT file; `image` is how the sheets are compressed, its sides the box of a tile.
 */
export const storyboardOutput = z.strictObject({
  format: z.literal("storyboard"),
  name: z.string(),
  image: imageOutput,
  /** Seconds between tiles; absent: 100 tiles at most over the whole video. */
  intervalSeconds: z.number().min(0.1).optional(),
  columns: z.int().min(1).max(10),
  rows: z.int().min(1).max(10),
});
export type StoryboardOutput = z.infer<typeof storyboardOutput>;

export interface StoryboardPlan {
  intervalSeconds: number;
  durationSeconds: number;
  tiles: number;
  columns: number;
  rows: number;
  /** Names of the sheets, in order. */
  sheets: string[];
}

/** @throws {MediaError} `impossible_output` for an interval that makes more than 1,000 tiles. */
export function planStoryboard(durationSeconds: number, output: StoryboardOutput): StoryboardPlan {
  const auto = Math.max(MIN_AUTO_INTERVAL_SECONDS, durationSeconds / AUTO_TILES);
  const intervalSeconds = output.intervalSeconds ?? auto;
  const tiles = Math.max(1, Math.ceil(durationSeconds / intervalSeconds - 0.01));
  if (tiles > MAX_TILES) {
    throw new MediaError(
      "impossible_output",
      `An interval of ${intervalSeconds} s makes ${tiles} tiles, and a storyboard has at most ${MAX_TILES}; ask for a longer one.`,
    );
  }
  const columns = Math.min(output.columns, tiles);
  const rows = Math.min(output.rows, Math.ceil(tiles / columns));
  const count = Math.ceil(tiles / (columns * rows));
  const sheets = Array.from({ length: count }, (_, i) => sheetName(output, i + 1));
  return { intervalSeconds, durationSeconds, tiles, columns, rows, sheets };
}

/** Where there is no picture any more, s: the sound may outlast it. */
export function lengthOfPicture({ video, durationSeconds }: SourceDescription): number {
  return video?.durationSeconds ?? durationSeconds;
}

/** `storyboard.vtt` has the sheets `storyboard-1.jpg`, `storyboard-2.jpg`, … */
export function sheetName({ name, image }: StoryboardOutput, number: number): string {
  return `${sheetStem(name)}-${number}.${image.format === "jpeg" ? "jpg" : image.format}`;
}

export function sheetStem(name: string): string {
  return name.replace(/\.vtt$/i, "");
}

/**
 * Thumbnails for a player's time line: cues with media fragments (https://www.w3.org/TR/media-frags/#naming-space),
 * relative to the WebVTT file itself.
 */
export function storyboardVtt(plan: StoryboardPlan, tile: FrameSize): string {
  const perSheet = plan.columns * plan.rows;
  const cues = Array.from({ length: plan.tiles }, (_, i) => {
    const from = i * plan.intervalSeconds;
    const to = i === plan.tiles - 1 ? plan.durationSeconds : (i + 1) * plan.intervalSeconds;
    const place = i % perSheet;
    const x = (place % plan.columns) * tile.width;
    const y = Math.floor(place / plan.columns) * tile.height;
    const sheet = plan.sheets[Math.floor(i / perSheet)] ?? "";
    const time = `${formatCueTime(from)} --> ${formatCueTime(Math.max(to, from + 0.001))}`;
    return `${time}\n${sheet}#xywh=${x},${y},${tile.width},${tile.height}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}
