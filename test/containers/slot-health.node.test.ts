import { beforeAll, describe, expect, it } from "vitest";
import { transcoderHealth } from "../../src/video/protocol.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { makeClip } from "../fixtures/video.ts";
import { mp4, useStudio } from "./studio.ts";
import {
  endOf,
  postTask,
  processesIn,
  startTranscoder,
  type Transcoder,
  taskFolders,
} from "./transcoder-process.ts";

/** Long enough for a process that starts on a busy machine, short enough to wait for. */
const STALL_MS = 3_000;
const studio = useStudio({ STALL_MS: String(STALL_MS) });
const slow = { ...mp4, encoderPreset: "slow", crf: 1 } as const;

let clip: Buffer;
let source: SourceDescription;
beforeAll(async () => {
  clip = await makeClip({ seconds: 40, width: 640, height: 360, options: ["-crf", "20"] });
  source = await studio.probe(clip);
});

async function healthOf({ url }: Transcoder) {
  return transcoderHealth.parse(await (await fetch(`${url}/health`)).json());
}

describe("a process that stands still", () => {
  it("because it was stopped in the middle of an encode is ended with all that it started", async () => {
    const task = { kind: "transcode", ...studio.task(clip), source, output: slow };
    const posted = await postTask(studio.transcoder, task);
    await posted.seen((event) => event.type === "progress" && (event.outTimeSeconds ?? 0) > 0);
    const [encoder = 0] = await processesIn(studio.transcoder.workDir);
    process.kill(encoder, "SIGSTOP");
    const stoppedAt = performance.now();
    expect((await posted.events()).at(-1)).toMatchObject({
      type: "error",
      code: "stalled",
      message: expect.stringMatching(/^The encoder stood still for \d+ s and was ended\.$/),
    });
    expect(performance.now() - stoppedAt).toBeLessThan(6 * STALL_MS);
    expect(await processesIn(studio.transcoder.workDir)).toEqual([]);
    expect(await taskFolders(studio.transcoder.workDir)).toEqual([]);
  });

  it("because its source never answers is ended too", async () => {
    const task = studio.task(clip);
    const asked = studio.store.stall(`in/${task.attemptId}`);
    const end = endOf(studio.transcoder, { kind: "transcode", ...task, source, output: slow });
    await asked;
    expect(await end).toMatchObject({ type: "error", code: "stalled" });
    expect(await processesIn(studio.transcoder.workDir)).toEqual([]);
  });

  it("is not one that is merely slow", async () => {
    const short = await makeClip({ seconds: 3, width: 1280, height: 720 });
    const output = { ...mp4, encoderPreset: "slow", width: 1280, height: 720 } as const;
    const task = { kind: "transcode", ...studio.task(short), source: await studio.probe(short), output };
    expect(await endOf(studio.transcoder, task)).toMatchObject({ type: "done" });
  });
});

describe("a transcoder", () => {
  it("says what it uses, of what there is", async () => {
    const health = await healthOf(studio.transcoder);
    expect(health).toMatchObject({ state: "ready", running: [], tasksEnded: expect.any(Number) });
    expect(health.memoryTotalBytes).toBeGreaterThan(health.memoryFreeBytes);
    expect(health.diskTotalBytes).toBeGreaterThan(health.diskFreeBytes);
    expect(health.rssBytes).toBeGreaterThan(10_000_000);
    expect(health.cpuPercent).toBeGreaterThanOrEqual(0);
    expect(health.cpuPercent).toBeLessThanOrEqual(100);
  });

  it.each(["MAX_MEMORY_SHARE", "MAX_DISK_SHARE"])("is full when %s of it is used", async (limit) => {
    const full = await startTranscoder({ [limit]: "0" });
    expect(await healthOf(full)).toMatchObject({ state: "full" });
    await full.stop();
  });

  it.each(["RECYCLE_AFTER_TASKS", "RECYCLE_RSS_BYTES"])(
    "leaves in good order when it is worn (%s): the end of its task is heard",
    async (limit) => {
      const worn = await startTranscoder({ [limit]: "1" });
      const short = await makeClip({ seconds: 1 });
      const posted = await postTask(worn, { kind: "probe", ...studio.task(short) });
      expect((await posted.events()).at(-1)).toMatchObject({ type: "done" });
      await worn.logged("recycling");
      expect(await worn.exited).toBe(0);
      await worn.stop();
    },
  );
});
