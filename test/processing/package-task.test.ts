import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { attemptPrefix } from "../../src/jobs/claimed-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { runInIsolate } from "../../src/processing/isolate-runner.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { claimOne, finished, rowsOf, submit } from "../fixtures/jobs.ts";

const SEGMENT = { path: "720p/1.m4s", bytes: 7, startSeconds: 0, durationSeconds: 6 };
const TRACK = {
  id: "720p",
  kind: "video",
  codec: "avc1.64001f",
  initPath: "720p/init.mp4",
  initBytes: 4,
  width: 1280,
  height: 720,
  frameRate: 25,
  segments: [SEGMENT],
};

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

/** A stream that is encoded and stored, but for what is to be missing; its packaging runs. */
async function packageStream(stored: Record<string, string>) {
  const id = `tsk_stream_${crypto.randomUUID()}`;
  const { job } = await submit({
    kind: "video",
    createdAtMs: Date.now(),
    tasks: [
      { id, kind: "stream", lane: "container-long" },
      // A lane of its own here, so that no consumer of the queue takes the task first.
      { kind: "package", lane: "container-short", spec: { name: "stream" }, dependsOn: [id] },
    ],
  });
  const stream = await claimOne(Date.now(), "container-long");
  for (const [path, body] of Object.entries(stored)) {
    await testEnv.MEDIA.put(attemptPrefix(stream.lease) + path, body);
  }
  const result = { kind: "tracks", tracks: [TRACK], durationSeconds: 6 };
  await finishTask(testEnv.DB, stream.lease, finished([], { result }), Date.now());
  await runInIsolate(testEnv, await claimOne(Date.now(), "container-short"));
  return job;
}

describe("packaging a stream", () => {
  it("writes playlists that lead a player to every segment", async () => {
    const job = await packageStream({ "720p/init.mp4": "init", "720p/1.m4s": "segment" });
    expect(await rowsOf("outputs")).toMatchObject([{ name: "stream", width: 1280, duration_seconds: 6 }]);
    const headers = await keyFor("anna");
    const read = async (url: string) => await (await ask(url, { headers })).text();
    const master = `https://darkroom.test/play/${job.id}/master.m3u8`;
    const [media] = (await read(master)).split("\n").filter((line) => line.endsWith(".m3u8"));
    const playlist = await read(new URL(media ?? "", master).href);
    const init = /URI="([^"]+)"/.exec(playlist)?.[1] ?? "";
    const [segment] = playlist.split("\n").filter((line) => line.endsWith(".m4s"));
    expect(await read(new URL(init, master).href)).toBe("init");
    expect(await read(new URL(segment ?? "", master).href)).toBe("segment");
  });

  it.each([
    ["is missing", { "720p/init.mp4": "init" }],
    ["is short", { "720p/init.mp4": "init", "720p/1.m4s": "segm" }],
    ["has no init", { "720p/1.m4s": "segment" }],
  ])("is refused when a segment %s", async (_, stored) => {
    const job = await packageStream(stored);
    expect(await rowsOf("outputs")).toEqual([]);
    expect(await rowsOf("attempts", "outcome = 'failed'")).toMatchObject([
      { failure: expect.stringContaining("invalid_result") },
    ]);
    expect((await storedKeys(`outputs/${job.id}/`)).filter((key) => key.endsWith(".m3u8"))).toEqual([]);
  });
});
