import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskCommand } from "../../src/video/shown-command.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { commandsOf } from "../../src/video/task-commands.ts";
import { makeClip, withWords } from "../fixtures/video.ts";
import { hls, image, mp4, useStudio } from "./studio.ts";
import { endOf } from "./transcoder-process.ts";

const bin = mkdtempSync(join(tmpdir(), "darkroom-bin-"));
const diary = join(bin, "runs");
afterAll(() => rmSync(bin, { recursive: true }));
for (const program of ["ffmpeg", "ffprobe"]) {
  const real = execFileSync("which", [program]).toString().trim();
  // One write for each run; a task runs one program at a time.
  const script = `#!/bin/sh\n{ printf '%s\\037' ${program} "$@"; printf '\\036'; } >> ${diary}\nexec ${real} "$@"\n`;
  writeFileSync(join(bin, program), script, { mode: 0o755 });
}

const studio = useStudio({ PATH: `${bin}:${process.env.PATH}` });
let clip: Buffer;
let source: SourceDescription;

beforeAll(async () => {
  const srt = "1\n00:00:00,100 --> 00:00:00,900\nWords\n";
  clip = await withWords(await makeClip({ width: 96, height: 64, rate: "10", seconds: 5 }), [{ srt }]);
  source = await studio.probe(clip);
}, 60_000);

const sound = { format: "mp3", name: "a.mp3", codec: "mp3", kbps: 64 };
const still = { format: "thumbnail", name: "a.jpg", atSeconds: 1.5, image };
const waveform = {
  ...{ format: "waveform", name: "w.json", points: 50, width: 100, height: 40 },
  ...{ color: [0, 0, 0, 255], as: "json" },
};
const stream = { ...hls, variants: hls.variants.slice(0, 1) };

const tasks: [string, string, object][] = [
  ["a stream", "stream", { output: stream }],
  ["a chunk", "chunk", { output: stream, range: { first: 1 } }],
  ["the sound of a stream", "audio", { output: stream }],
  ["a file", "transcode", { output: { ...mp4, startSeconds: 1 } }],
  ["a file in two passes", "transcode", { output: { ...mp4, targetVideoKbps: 100, twoPass: true } }],
  ["stills", "thumbnail", { output: still, others: [{ ...still, name: "b.jpg", atSeconds: 3 }] }],
  ["the best still", "thumbnail", { output: { ...still, best: { index: 0, count: 1 } } }],
  [
    "a storyboard",
    "storyboard",
    { output: { format: "storyboard", name: "b.vtt", columns: 2, rows: 2, image } },
  ],
  [
    "a preview",
    "preview",
    { output: { format: "preview", name: "p.webp", durationSeconds: 1, moments: 2, quality: 50 } },
  ],
  ["sound at a loudness", "sound", { output: { ...sound, loudness: { integrated: -16, truePeak: -1.5 } } }],
  ["a waveform", "waveform", { output: waveform }],
  ["an analysis", "analysis", { output: { format: "analysis", name: "found.json" } }],
  ["words", "subtitles", {}],
];

/** What was run since the last time, but for reading back what was made. */
function runsSince(): { program: string; args: string[] }[] {
  const runs = readFileSync(diary, "utf8").split("\u001e").slice(0, -1);
  writeFileSync(diary, "");
  return runs
    .map((run) => run.split("\u001f").slice(0, -1))
    .map(([program = "", ...args]) => ({ program, args }))
    .filter(({ args }) => !(args.includes("-show_streams") && args.at(-1)?.startsWith("/")));
}

/** A command as a pattern: words in braces stand for anything. */
function patternOf({ program, args }: TaskCommand): RegExp {
  const text = [program, ...args].join("\n").replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${text.replace(/\{[a-z_]+\}/g, "[^\n]*?")}$`);
}

describe("the commands that a plan tells", () => {
  it.each(tasks)("are those that %s runs", async (_, kind, spec) => {
    runsSince();
    const end = await endOf(studio.transcoder, { kind, ...studio.task(clip), source, ...spec });
    expect(end).toMatchObject({ type: "done" });
    const runs = runsSince();
    const told = commandsOf(kind, { source, ...spec }, source);
    expect(told.length).toBeGreaterThan(0);
    expect(runs).toHaveLength(told.reduce((sum, { times = 1 }) => sum + times, 0));
    const lines = runs.map(({ program, args }) => [program, ...args].join("\n"));
    for (const [i, command] of told.entries()) expect(lines[i]).toMatch(patternOf(command));
    expect(JSON.stringify(told)).not.toMatch(/127\.0\.0\.1|token/);
  });

  it("are those of a probe that measures", async () => {
    runsSince();
    const end = await endOf(studio.transcoder, {
      kind: "probe",
      ...studio.task(clip),
      measureComplexity: true,
    });
    expect(end).toMatchObject({ type: "done" });
    const told = commandsOf("probe", { outputs: [{ contentAware: true }] }, source);
    expect(told.map(({ step, program }) => `${step} ${program}`)).toEqual([
      "probing ffprobe",
      "probing ffprobe",
      "measuring ffmpeg",
    ]);
    const lines = runsSince().map(({ program, args }) => [program, ...args].join("\n"));
    expect(lines).toHaveLength(3);
    for (const [i, command] of told.entries()) expect(lines[i]).toMatch(patternOf(command));
  });
});
