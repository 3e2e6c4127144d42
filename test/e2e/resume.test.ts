import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFailed } from "vitest";
import { createDarkroomClient, type DarkroomClient } from "../../src/client/client.ts";
import type { OutputRequest, ProgressSnapshot } from "../../src/client/resources.ts";
import { readFragment } from "../../src/video/media-fragment.ts";
import { readBoxes } from "../../src/video/mp4-boxes.ts";
import { ffprobe, makeClip } from "../fixtures/video.ts";
import { type DevServer, startDev, tailOfLogs } from "./dev-server.ts";
import { isForwardOnly } from "./service.ts";

const SECONDS = 24;
const RATE = 30;
/**
 * Slow on purpose: a chunk has to take long enough to be killed in its middle. Two segments of 2 s: six chunks, encoded
 * one after the other by the only slot. Of a file, whose segments are of 10 s, three.
 */
const VARIABLES = ["--var", "CHUNK_SECONDS=4", "--var", "TRANSCODER_SLOTS=1"];
const RECOVERY_DEADLINE_MS = 160_000;

const stateDir = mkdtempSync(join(tmpdir(), "darkroom-resume-"));
let clip: Blob;
let server: DevServer;
let client: DarkroomClient;

beforeAll(async () => {
  clip = new Blob([Buffer.from(await makeClip({ width: 640, height: 480, seconds: SECONDS }))]);
  server = await startDev(stateDir, VARIABLES);
  client = createDarkroomClient({ baseUrl: server.url, key: server.key });
});

afterAll(async () => {
  await server.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

it("encodes only the chunk again whose transcoder was killed", async () => {
  onTestFailed(() => console.error(tailOfLogs(stateDir)));
  const undisturbed = await stream();
  const disturbed = await stream(2);
  expect(undisturbed.frames.map(({ count }) => count)).toEqual([SECONDS * RATE, SECONDS * RATE]);
  expect(disturbed.frames).toEqual(undisturbed.frames);
  expect(undisturbed.chunks.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(disturbed.chunks.map(({ attempt }) => attempt)).toEqual([1, 1, 2, 1, 1, 1]);
  expect(disturbed.others.map(({ attempt }) => attempt)).toEqual(disturbed.others.map(() => 1));
  expect(disturbed.playlists).toEqual(undisturbed.playlists);
  expect(isForwardOnly(disturbed.seen)).toBe(true);
}, 240_000);

it("stitches a file whole although the transcoder was killed while it encoded a part of it", async () => {
  onTestFailed(() => console.error(tailOfLogs(stateDir)));
  const film: OutputRequest = { format: "mp4", name: "film.mp4", height: 480, encoder_preset: "slow" };
  const { jobId, chunks, others, seen } = await develop(film, 1);
  expect(chunks.map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
  expect(others.map(({ kind, attempt }) => `${kind} ${attempt}`).sort()).toEqual([
    ...["audio 1", "probe 1", "stitch 1"],
  ]);
  expect(isForwardOnly(seen)).toBe(true);
  const file = await (await client.download(`/outputs/${jobId}/film.mp4`)).arrayBuffer();
  const { streams, packets = [] } = await ffprobe(Buffer.from(file), ["-count_frames", "-show_packets"]);
  expect(streams.map(({ codec_name }) => codec_name)).toEqual(["h264", "aac"]);
  expect(Number(streams[0]?.nb_read_frames)).toBe(SECONDS * RATE);
  const shown = packets.filter(({ codec_type }) => codec_type === "video").map(({ pts_time }) => +pts_time);
  const late = shown.sort((a, b) => a - b).map((at, i) => Math.abs(at - i / RATE));
  expect(Math.max(...late)).toBeLessThan(0.001);
  const [picture, sound] = streams.map(({ duration }) => Number(duration));
  expect(Math.abs((picture ?? 0) - (sound ?? 0))).toBeLessThan(0.05);
}, 240_000);

/** Streams the clip; kills the transcoder while it encodes the chunk of this number, counted from 0. */
async function stream(killAt?: number) {
  const output: OutputRequest = {
    ...{ format: "hls", variants: [240, 480], segment_duration: 2, encoder_preset: "slow" },
  };
  const ran = await develop(output, killAt);
  const tracks = await Promise.all(["240p", "480p"].map((name) => framesOf(ran.jobId, name)));
  return { ...ran, playlists: await playlistsOf(ran.jobId), frames: tracks };
}

/** As `stream`, for any output that is made in chunks. */
async function develop(output: OutputRequest, killAt?: number) {
  const { job_id, watch_token } = await client.createJob({
    file: clip,
    filename: "long.mp4",
    forceNew: true,
    outputs: [output],
  });
  let killed = killAt === undefined;
  const seen: ProgressSnapshot[] = [];
  const job = await client.watchJob(job_id, {
    token: watch_token,
    signal: AbortSignal.timeout(RECOVERY_DEADLINE_MS),
    onProgress: (snapshot) => {
      seen.push(snapshot);
      const chunk = chunksOf(snapshot)[killAt ?? -1];
      if (killed || chunk?.state !== "leased" || chunk.percentage === 0) return;
      killed = true;
      process.kill(server.record().children.transcoder ?? 0, "SIGKILL");
    },
  });
  expect(job).toMatchObject({ status: "completed", error: null });
  const last = seen.at(-1);
  if (last === undefined) throw new Error("Nothing was seen of the job.");
  const chunks = chunksOf(last);
  const others = last.tasks.filter(({ kind }) => kind !== "chunk");
  return { jobId: job_id, chunks, others, seen };
}

function chunksOf({ tasks }: ProgressSnapshot) {
  return tasks.filter(({ kind }) => kind === "chunk");
}

/** How many frames a rendition has, and the time of every fragment and the length of every frame, in ticks. */
async function framesOf(jobId: string, name: string) {
  const playlist = await (await client.download(`/play/${jobId}/${name}.m3u8`)).text();
  const paths = playlist.split("\n").filter((line) => line.endsWith(".m4s"));
  const segments = paths.map(async (path) => (await client.download(`/play/${jobId}/${path}`)).arrayBuffer());
  const fragments = (await Promise.all(segments)).flatMap((bytes) =>
    readBoxes(new Uint8Array(bytes))
      .filter(({ type }) => type === "moof")
      .map(({ body }) => readFragment(body)),
  );
  const times = fragments.map(({ startTicks, samples }) => [
    startTicks,
    ...samples.map(({ durationTicks }) => durationTicks),
  ]);
  return { count: fragments.reduce((sum, { samples }) => sum + samples.length, 0), times };
}

/**
 * The playlists, but for the names of the folders that attempts wrote into, and for the rates: two encodes of the same
 * frames on several threads need not be equal to the byte.
 */
async function playlistsOf(jobId: string): Promise<string[]> {
  const names = ["master", "240p", "480p", "audio"];
  const texts = names.map(async (name) => (await client.download(`/play/${jobId}/${name}.m3u8`)).text());
  return (await Promise.all(texts)).map((text) =>
    text.replaceAll(/tsk_\w+\.\d+\//g, "").replaceAll(/BANDWIDTH=\d+/g, "BANDWIDTH"),
  );
}
