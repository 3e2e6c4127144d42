import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { transcoderHealth } from "../../src/video/protocol.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { makeClip } from "../fixtures/video.ts";
import { hls, mp4, useStudio } from "./studio.ts";
import { endOf, postTask, processesIn, startTranscoder, taskFolders } from "./transcoder-process.ts";

const studio = useStudio({ MAX_TASKS: "2" });
const slow = { ...mp4, encoderPreset: "slow", crf: 1 } as const;

let longClip: Buffer;
let longSource: SourceDescription;
beforeAll(async () => {
  longClip = await makeClip({ seconds: 40, width: 640, height: 360, options: ["-crf", "20"] });
  longSource = await studio.probe(longClip);
});

/** An encode that would take far longer than the test. */
function longTask(limits: Parameters<typeof studio.task>[1] = {}) {
  return { kind: "transcode", ...studio.task(longClip, limits), source: longSource, output: slow };
}

const encoding = (event: { type: string }) => event.type === "progress" && "outTimeSeconds" in event;

describe("a task in the transcoder", () => {
  it("is gone with its processes and its folder once a cancel is answered", async () => {
    const task = longTask();
    const posted = await postTask(studio.transcoder, task);
    await posted.seen(encoding);
    expect(await processesIn(studio.transcoder.workDir)).toHaveLength(1);
    const answer = await fetch(`${studio.transcoder.url}/tasks/${task.attemptId}`, { method: "DELETE" });
    expect(answer.status).toBe(204);
    expect(await processesIn(studio.transcoder.workDir)).toEqual([]);
    expect(await taskFolders(studio.transcoder.workDir)).toEqual([]);
    expect((await posted.events()).at(-1)).toMatchObject({ type: "error", code: "cancelled" });
  });

  it("ends at its time limit", async () => {
    const end = await endOf(studio.transcoder, longTask({ timeLimitMs: 600 }));
    expect(end).toMatchObject({ type: "error", code: "timeout" });
    expect(await processesIn(studio.transcoder.workDir)).toEqual([]);
  });

  it("ends when it writes more than it may, as a file and as a stream", async () => {
    const file = longTask({ maxOutputBytes: 100_000 });
    expect(await endOf(studio.transcoder, file)).toMatchObject({ type: "error", code: "disk_full" });
    const stream = { ...file, attemptId: "stream.1", kind: "stream", output: { ...hls, crf: 5 } };
    expect(await endOf(studio.transcoder, stream)).toMatchObject({ type: "error", code: "disk_full" });
    expect(await taskFolders(studio.transcoder.workDir)).toEqual([]);
  });

  it("goes on when nobody listens, and its end can be asked for", async () => {
    const clip = await makeClip();
    const task = { kind: "transcode", ...studio.task(clip), source: await studio.probe(clip), output: mp4 };
    const stored = studio.store.stored(new RegExp(`${task.attemptId}/web.mp4`));
    const posted = await postTask(studio.transcoder, task);
    await posted.seen((event) => event.type === "progress");
    posted.leave();
    await stored;
    const again = await postTask(studio.transcoder, { ...task, attemptId: "watch.1" });
    await again.events();
    const state = await (await fetch(`${studio.transcoder.url}/tasks/${task.attemptId}`)).json();
    expect(state).toMatchObject({ kind: "transcode", state: "finished", event: { type: "done" } });
  });

  it("is refused while it runs, and when there is no room", async () => {
    const first = longTask();
    const second = { ...first, attemptId: "second.1" };
    await postTask(studio.transcoder, first);
    expect((await postTask(studio.transcoder, first)).response.status).toBe(409);
    await postTask(studio.transcoder, second);
    const third = await postTask(studio.transcoder, { ...first, attemptId: "third.1" });
    expect(third.response.status).toBe(503);
    expect(await third.response.json()).toMatchObject({ code: "transcoder_busy" });
    const health = transcoderHealth.parse(await (await fetch(`${studio.transcoder.url}/health`)).json());
    expect(health).toMatchObject({ state: "ready", running: [first.attemptId, "second.1"] });
    expect(health.encoders).toEqual(expect.arrayContaining(["libx264", "aac"]));
    for (const id of health.running)
      await fetch(`${studio.transcoder.url}/tasks/${id}`, { method: "DELETE" });
  });

  it("must be well formed", async () => {
    const invalid = await postTask(studio.transcoder, { kind: "transcode", attemptId: "../../etc" });
    expect(invalid.response.status).toBe(422);
    expect(invalid.response.headers.get("content-type")).toBe("application/problem+json");
    const body = (await invalid.response.json()) as { code: string; errors: { path: string }[] };
    expect(body.code).toBe("invalid_request");
    expect(body.errors.map(({ path }) => path)).toEqual(expect.arrayContaining(["attemptId", "inputUrl"]));
    const huge = await fetch(`${studio.transcoder.url}/tasks`, {
      method: "POST",
      body: "x".repeat(2_000_000),
    });
    expect(huge.status).toBe(413);
    const unknown = await fetch(`${studio.transcoder.url}/tasks/nobody.1`, { method: "DELETE" });
    expect(unknown.status).toBe(404);
  });

  it("beats while it waits for storage", async () => {
    const task = studio.task(await makeClip());
    const asked = studio.store.stall(`in/${task.attemptId}`);
    const posted = await postTask(studio.transcoder, { kind: "probe", ...task });
    await asked;
    expect(await posted.seen((event) => event.type === "heartbeat")).toMatchObject({ type: "heartbeat" });
    await fetch(`${studio.transcoder.url}/tasks/${task.attemptId}`, { method: "DELETE" });
  });

  it("writes no token into the log", () => {
    expect(JSON.stringify(studio.transcoder.lines)).not.toContain("secret");
  });
});

describe("the life of the server", () => {
  it("lets its tasks finish after SIGTERM, and takes no more", async () => {
    const draining = await startTranscoder();
    const clip = await makeClip({ seconds: 8, width: 640, height: 480 });
    const source = await studio.probe(clip);
    const task = { kind: "transcode", ...studio.task(clip), source, output: { ...slow, crf: 20 } };
    const posted = await postTask(draining, task);
    await posted.seen(encoding);
    draining.process.kill("SIGTERM");
    await draining.logged("draining");
    const refused = await postTask(draining, { ...task, attemptId: "late.1" });
    expect(refused.response.status).toBe(503);
    expect(await (await fetch(`${draining.url}/health`)).json()).toMatchObject({ state: "draining" });
    expect((await posted.events()).at(-1)).toMatchObject({ type: "done" });
    expect(await draining.exited).toBe(0);
    await draining.stop();
  });

  it("ends what does not finish in the grace period", async () => {
    const draining = await startTranscoder({ DRAIN_GRACE_MS: "100" });
    const posted = await postTask(draining, longTask());
    await posted.seen(encoding);
    draining.process.kill("SIGTERM");
    expect((await posted.events()).at(-1)).toMatchObject({ type: "error", code: "killed" });
    expect(await draining.exited).toBe(0);
    await draining.stop();
  });

  it("sweeps what a killed server left behind", async () => {
    const killed = await startTranscoder();
    const posted = await postTask(killed, longTask());
    await posted.seen(encoding);
    killed.process.kill("SIGKILL");
    await killed.exited;
    await mkdir(join(killed.workDir, "older"));
    await writeFile(join(killed.workDir, "older", "half.mp4"), "x");
    const next = await startTranscoder({ WORK_DIR: killed.workDir });
    expect(await taskFolders(next.workDir)).toEqual([]);
    expect(await processesIn(next.workDir)).toEqual([]);
    await next.stop();
  });

  it("does not take the folder of a server that is alive", async () => {
    const env = { WORK_DIR: studio.transcoder.workDir };
    await expect(startTranscoder(env)).rejects.toThrow("ended with 1");
  });
});
