import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import type { HardwareEncoder } from "../../src/video/protocol.ts";

const run = promisify(execFile);

/** Encoders that ffmpeg has for hardware, and where there would be such hardware. */
const CANDIDATES = [
  { device: "/dev/nvidia0", encoders: ["h264_nvenc", "hevc_nvenc", "av1_nvenc"] },
  { device: "/dev/dri/renderD128", encoders: ["h264_qsv", "hevc_qsv", "h264_vaapi", "hevc_vaapi"] },
  {
    device: "/System/Library/Frameworks/VideoToolbox.framework",
    encoders: ["h264_videotoolbox", "hevc_videotoolbox"],
  },
];

const BENCH_FRAMES = 120;
const BENCH_MAX_MS = 20_000;

/**
 * The encoders of this machine's hardware that work, each with how fast it is. One that ffmpeg lists may still have no
 * driver or no session left, so it is tried. A machine without such devices, as Cloudflare's containers are, costs nothing.
 */
export async function findHardwareEncoders(): Promise<HardwareEncoder[]> {
  const found: HardwareEncoder[] = [];
  for (const { device, encoders } of CANDIDATES.filter((candidate) => existsSync(candidate.device))) {
    for (const name of encoders) {
      const framesPerSecond = await benchmarkEncoder(name, device);
      if (framesPerSecond !== undefined) found.push({ name, framesPerSecond });
    }
  }
  return found;
}

/**
 * Frames of 1280×720 that an encoder makes in a second, in a try of four seconds of a moving pattern; undefined when it
 * does not work here.
 *
 * @param device of VA-API; others find theirs
 */
export async function benchmarkEncoder(name: string, device?: string): Promise<number | undefined> {
  const upload = name.endsWith("_vaapi") ? ["-vaapi_device", device ?? ""] : [];
  const filters = name.endsWith("_vaapi") ? ["-vf", "format=nv12,hwupload"] : ["-pix_fmt", "yuv420p"];
  const pattern = `testsrc2=size=1280x720:rate=30:duration=${BENCH_FRAMES / 30}`;
  const args = ["-v", "error", "-nostdin", ...upload, "-f", "lavfi", "-i", pattern, ...filters, "-c:v", name];
  const startMs = performance.now();
  try {
    await run("ffmpeg", [...args, "-f", "null", "-"], { timeout: BENCH_MAX_MS, killSignal: "SIGKILL" });
  } catch {
    return undefined;
  }
  return Math.round((BENCH_FRAMES * 1000) / (performance.now() - startMs));
}
