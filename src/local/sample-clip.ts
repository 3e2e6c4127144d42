import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";

const SECONDS = 12;
const FRAMES_PER_SECOND = 30;
/** A, C sharp, E and the A above: hertz. */
const CHORD = [220, 277.18, 329.63, 440];

/**
 * Films a slow pan over a photo while night falls, 12 s at 1280×720 and 30 frames a second, with a chord in stereo.
 * Returns the path of the MP4 (H.264, AAC).
 */
export async function makeSampleClip(dir: string, photoPath: string): Promise<string> {
  const still = join(dir, "still.png");
  const path = join(dir, "nightfall.mp4");
  await sharp(photoPath).autoOrient().resize({ width: 1920 }).png({ compressionLevel: 1 }).toFile(still);
  const shift = `(1-cos(PI*t/${SECONDS}))/2`;
  const picture = [
    `format=yuv420p,loop=-1:1:0,fps=${FRAMES_PER_SECOND},setpts=N/${FRAMES_PER_SECOND}/TB`,
    `crop=1280:720:x='(in_w-1280)*${shift}':y='(in_h-720)*(0.35+0.3*${shift})'`,
    `hue=h='-14*t/${SECONDS}':b='-1.6*t/${SECONDS}'`,
    "noise=alls=4:allf=t",
  ].join(",");
  await promisify(execFile)("ffmpeg", [
    ...["-v", "error", "-y"],
    ...["-framerate", String(FRAMES_PER_SECOND), "-i", still],
    ...["-f", "lavfi", "-i", `aevalsrc='${voice(0)}|${voice(0.4)}':s=48000`],
    ...["-t", String(SECONDS), "-vf", picture],
    ...["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-c:a", "aac", "-b:a", "160k"],
    ...["-movflags", "+faststart", path],
  ]);
  rmSync(still);
  return path;
}

/** The chord for one ear, detuned by some hertz, fading in and out over a second. */
function voice(detuneHz: number): string {
  const tones = CHORD.map((hertz) => `sin(2*PI*${hertz + detuneHz}*t)`);
  return `0.12*(${tones.join("+")})*min(1,t)*min(1,${SECONDS}-t)`;
}
