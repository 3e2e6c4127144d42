import type { FileOutput } from "./file-output.ts";
import { levelLimits } from "./levels.ts";
import { platformRules } from "./platforms.ts";

/** The level that a file is held to: its own, or the highest that its platform plays. */
export function levelOf({ level, platform, videoCodec = "h264" }: FileOutput): string | undefined {
  if (level !== undefined || platform === undefined) return level;
  return platformRules(platform).video[videoCodec]?.maxLevel;
}

/** The High profiles of H.264 may have a quarter more than table A-1 says (§A.3.3). */
const HIGH_FACTOR = 1.25;

/** The peak rate of a file, kbit/s: what was asked for, but no more than its level allows. */
export function peakWithinLevel(output: FileOutput): number | undefined {
  const level = levelOf(output);
  const { videoCodec = "h264", codecProfile = "high", maxVideoKbps } = output;
  const limits = level === undefined ? undefined : levelLimits(videoCodec, level);
  if (limits === undefined) return maxVideoKbps;
  const isHigh = videoCodec === "h264" && codecProfile.startsWith("high");
  const most = Math.floor(limits.maxKbps * (isHigh ? HIGH_FACTOR : 1));
  return Math.min(maxVideoKbps ?? most, most);
}
