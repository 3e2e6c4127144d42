import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { FileOutput } from "../../src/video/file-output.ts";
import { ffprobe, makeClip } from "../fixtures/video.ts";
import { mp4, useStudio } from "./studio.ts";
import { endOf } from "./transcoder-process.ts";

/** An ffmpeg in whose place a script looks at the arguments first. */
function ffmpegBehind(cases: string): string {
  const bin = mkdtempSync(join(tmpdir(), "darkroom-bin-"));
  const real = execFileSync("which", ["ffmpeg"]).toString().trim();
  const script = [
    "#!/bin/sh",
    'case "$*" in',
    cases.replaceAll("REAL", real),
    `*) exec ${real} "$@" ;;`,
    "esac",
  ];
  writeFileSync(join(bin, "ffmpeg"), script.join("\n"), { mode: 0o755 });
  afterAll(() => rmSync(bin, { recursive: true }));
  return `${bin}:${process.env.PATH}`;
}

const REFUSAL = "Error while opening encoder for output stream #0:0";
const refusing = (encoder: string) => `*${encoder}*) echo "${REFUSAL}" >&2; exit 1 ;;`;

const lacking = useStudio({ PATH: ffmpegBehind('*-encoders*) REAL "$@" | grep -v av1 ;;') });
const failing = useStudio({ PATH: ffmpegBehind(refusing("libsvtav1")) });
const broken = useStudio({ PATH: ffmpegBehind(refusing("libx265")) });
const clip = makeClip({ width: 64, height: 64, rate: "5", seconds: 0.6, sound: false });

async function order(studio: typeof lacking, changes: Partial<FileOutput>) {
  const input = await clip;
  const task = studio.task(input);
  const source = await studio.probe(input);
  const end = await endOf(studio.transcoder, {
    ...{ kind: "transcode", ...task, source },
    output: { ...mp4, ...changes },
  });
  return { end, made: () => ffprobe(studio.output(task, mp4.name)) };
}

describe("an encoder that is not there or does not work", () => {
  it("gives way to H.264 only where the specification allows it, and the job says so", async () => {
    const refused = await order(lacking, { videoCodec: "av1", crf: 45 });
    expect(refused.end).toMatchObject({ type: "error", code: "encoder_missing" });
    const { end, made } = await order(lacking, { videoCodec: "av1", crf: 45, allowFallback: true });
    expect(end).toMatchObject({
      type: "done",
      result: { notes: ["web.mp4 is h264 instead of av1, because no encoder for that worked."] },
    });
    expect((await made()).streams[0]).toMatchObject({ codec_name: "h264" });
  });

  it("gives way to another encoder of the same codec without being asked", async () => {
    const { end, made } = await order(failing, { videoCodec: "av1", crf: 45 });
    expect(end).toMatchObject({
      type: "done",
      result: { notes: [expect.stringContaining("encoded by libaom-av1")] },
    });
    expect((await made()).streams[0]).toMatchObject({ codec_name: "av1" });
  });

  it("that fails at the end of its chain is the codec's failure, which is retried", async () => {
    expect((await order(broken, { videoCodec: "h265" })).end).toMatchObject({ code: "encoder_failed" });
    const { end } = await order(broken, { videoCodec: "h265", allowFallback: true });
    expect(end).toMatchObject({ type: "done", result: { notes: [expect.stringContaining("h264 instead")] } });
  });
});
