import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { attemptPrefix } from "../../src/jobs/claimed-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { runInIsolate } from "../../src/processing/isolate-runner.ts";
import { readFragment } from "../../src/video/media-fragment.ts";
import { findBox } from "../../src/video/mp4-boxes.ts";
import { type StreamEncryption, segmentIv, segmentKey, streamRoot } from "../../src/video/segment-keys.ts";
import { writeFragment } from "../../src/video/write-fragment.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { claimOne, finished, rowsOf, submit } from "../fixtures/jobs.ts";
import { sourceOf } from "../video/sources.ts";

const SEGMENT = { path: "720p/1.m4s", bytes: 7, startSeconds: 0, durationSeconds: 6 };
const TRACK = {
  id: "720p",
  kind: "video",
  codec: "avc1.64001f",
  initPath: "720p/init.mp4",
  initBytes: 4,
  initSha256: "a".repeat(64),
  timescale: 12_800,
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

/** A stream in chunks, each with the tracks given; its packaging runs. */
async function packageChunks(
  chunks: (typeof TRACK & { variableFrameRate?: boolean })[],
  encryption?: StreamEncryption,
) {
  const ids = chunks.map(() => `tsk_chunk_${crypto.randomUUID()}`);
  const { job } = await submit({
    kind: "video",
    createdAtMs: Date.now(),
    tasks: [
      ...chunks.map((_, i) => ({
        id: ids[i] ?? "",
        kind: "chunk" as const,
        lane: "container-long" as const,
        spec: { output: STREAM, source: SOURCE, range: { first: i } },
      })),
      { kind: "package", lane: "container-short", spec: { name: "stream", encryption }, dependsOn: ids },
    ],
  });
  // Whatever the order in which they end, the timeline is that of their ranges.
  for (let left = chunks.length; left > 0; left--) {
    const { lease, task } = await claimOne(Date.now(), "container-long");
    const track = chunks[ids.indexOf(task.id)] ?? TRACK;
    await testEnv.MEDIA.put(attemptPrefix(lease) + track.initPath, "init");
    const segments = await Promise.all(
      track.segments.map(async (segment, i) => {
        const plain = oneFrame(segment.bytes);
        const index = chunks.indexOf(track) + i;
        const stored = encryption ? await locked(plain, job.id, index) : plain;
        await testEnv.MEDIA.put(attemptPrefix(lease) + segment.path, stored);
        return { ...segment, bytes: stored.length, ...(encryption && { cipherIndex: index }) };
      }),
    );
    const result = { kind: "tracks", tracks: [{ ...track, segments }], durationSeconds: 6 };
    await finishTask(testEnv.DB, lease, finished([], { result }), Date.now());
  }
  await runInIsolate(testEnv, await claimOne(Date.now(), "container-short"));
  return { job, folders: ids.map((id) => `${id}.1`) };
}

/** As the transcoder stores it, under a key of its own. */
async function locked(plain: Uint8Array<ArrayBuffer>, jobId: string, index: number): Promise<Uint8Array> {
  const root = await streamRoot(testEnv.TOKEN_SECRET ?? "", jobId);
  const raw = await segmentKey(root, TRACK.id, index);
  const key = await crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["encrypt"]);
  const terms = { name: "AES-CBC", iv: segmentIv(index) };
  return new Uint8Array(await crypto.subtle.encrypt(terms, key, plain));
}

const STREAM = {
  format: "hls",
  name: "stream",
  variants: [{ shortSidePx: 720, videoKbps: 1, audioKbps: 1 }],
  segmentSeconds: 6,
  crf: 22,
  encoderPreset: "veryfast",
};
const SOURCE = sourceOf({});
const FRAME = { durationTicks: 12_800, bytes: 3, flags: 0, offsetTicks: 0 };
/** A segment of one frame that lasts a second, padded to a size. */
function oneFrame(bytes: number): Uint8Array<ArrayBuffer> {
  const moof = writeFragment(
    { startTicks: 0, samples: [FRAME] },
    { sequence: 1, mdatHeaderBytes: 8, explicitDurations: true },
  );
  const segment = new Uint8Array(bytes);
  segment.set(moof);
  return segment;
}
const chunkAt = (startSeconds: number, durationSeconds = 6) => ({
  ...TRACK,
  segments: [{ ...SEGMENT, bytes: 200, startSeconds, durationSeconds }],
});

describe("packaging a stream that was encoded in chunks", () => {
  it("puts them behind each other, under one init segment", async () => {
    const { job, folders } = await packageChunks([chunkAt(0), chunkAt(6), chunkAt(12, 1)]);
    const [output] = await rowsOf("outputs");
    expect(output).toMatchObject({ duration_seconds: 13 });
    expect(JSON.parse(String(output?.tree)).slice(1)).toEqual(folders);
    expect(JSON.parse(String(output?.stream))).toMatchObject({
      manifests: ["master.m3u8"],
      segments: { "720p": folders.map((folder, i) => [i + 1, `${folder}/720p`]) },
    });
    const headers = await keyFor("anna");
    const playlist = await (await ask(`https://darkroom.test/play/${job.id}/720p.m3u8`, { headers })).text();
    expect(playlist.split("\n").filter((line) => line.endsWith(".m4s"))).toEqual(
      folders.map((folder) => `${folder}/720p/1.m4s`),
    );
    expect(playlist).toContain(`URI="${folders[0]}/720p/init.mp4"`);
  });

  it.each([
    ["leave a gap", [chunkAt(0), chunkAt(6.04)]],
    ["overlap", [chunkAt(0), chunkAt(5.96)]],
    ["differ in their init segments", [chunkAt(0), { ...chunkAt(6), initSha256: "b".repeat(64) }]],
  ])("is refused when they %s", async (_, chunks) => {
    await packageChunks(chunks);
    expect(await rowsOf("outputs")).toEqual([]);
    expect(await rowsOf("attempts", "outcome = 'failed'")).toMatchObject([
      { failure: expect.stringContaining("invalid_result") },
    ]);
  });

  it("shows the last frame until the next chunk begins, where nobody knew when that is", async () => {
    const vary = (chunk: typeof TRACK) => ({ ...chunk, variableFrameRate: true });
    const { job } = await packageChunks([vary(chunkAt(0, 1)), vary(chunkAt(7.5))]);
    const [output] = await rowsOf("outputs");
    const [, seam] = JSON.parse(String(output?.stream)).segments["720p"];
    const stored = await testEnv.MEDIA.get(`outputs/${job.id}/${seam?.[1]}/00001.m4s`);
    const segment = new Uint8Array((await stored?.arrayBuffer()) ?? []);
    const moof = findBox(segment, ["moof"])?.body ?? new Uint8Array();
    expect(readFragment(moof).samples).toEqual([{ ...FRAME, durationTicks: 7.5 * 12_800 }]);
    const headers = await keyFor("anna");
    const playlist = await (await ask(`https://darkroom.test/play/${job.id}/720p.m3u8`, { headers })).text();
    // Beside the playlists, and named from there: a copy of the stream plays wherever it lies.
    expect(playlist).toContain("#EXTINF:7.500000,\n720p-1/00001.m4s");
    const played = await ask(`https://darkroom.test/play/${job.id}/720p-1/00001.m4s`, { headers });
    expect(new Uint8Array(await played.arrayBuffer())).toEqual(segment);
  });
});

describe("an encrypted stream", () => {
  const encryption = { method: "aes-128", rotateEverySegments: 1 } as const;
  const vary = (chunk: typeof TRACK) => ({ ...chunk, variableFrameRate: true });

  it("is opened by keys that only its own watchers get, in what is written anew between chunks, too", async () => {
    const { job } = await packageChunks([vary(chunkAt(0, 1)), vary(chunkAt(7.5))], encryption);
    const headers = await keyFor("anna");
    const base = `https://darkroom.test/play/${job.id}/`;
    const playlist = await (await ask(`${base}720p.m3u8`, { headers })).text();
    const [, uri = "", iv = "", path = ""] =
      /#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)",IV=0x([0-9a-f]{32})\n#EXTINF:7.5[0-9]*,\n(\S+)/.exec(
        playlist,
      ) ?? [];
    expect(uri).toBe("keys/720p-0.key");
    const answer = await ask(base + uri, { headers });
    expect(answer.headers.get("Cache-Control")).toBe("private, no-store");
    const raw = await answer.arrayBuffer();
    expect(raw.byteLength).toBe(16);
    const key = await crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["decrypt"]);
    const vector = Uint8Array.from(iv.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    const segment = await (await ask(base + path, { headers })).arrayBuffer();
    const plain = await crypto.subtle.decrypt({ name: "AES-CBC", iv: vector }, key, segment);
    const moof = findBox(new Uint8Array(plain), ["moof"])?.body ?? new Uint8Array();
    expect(readFragment(moof).samples).toEqual([{ ...FRAME, durationTicks: 7.5 * 12_800 }]);

    expect((await ask(base + uri)).status).toBe(401);
    expect((await ask(base + uri, { headers: await keyFor("ben") })).status).toBe(404);
    for (const name of ["other-0.key", "720p-x.key", "720p-0", "..%2f720p-0.key", "constructor-0.key"]) {
      expect((await ask(`${base}keys/${name}`, { headers })).status, name).toBe(404);
    }
    await ask(`https://darkroom.test/v1/jobs/${job.id}`, { method: "DELETE", headers });
    expect((await ask(base + uri, { headers })).status).toBe(404);
  });

  it("has keys only if it is encrypted", async () => {
    const { job } = await packageChunks([chunkAt(0), chunkAt(6)]);
    const headers = await keyFor("anna");
    expect((await ask(`https://darkroom.test/play/${job.id}/keys/720p-0.key`, { headers })).status).toBe(404);
  });
});

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
