import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFailed } from "vitest";
import { createDarkroomClient, type DarkroomClient } from "../../src/client/client.ts";
import type { ProgressSnapshot } from "../../src/client/resources.ts";
import { makeClip } from "../fixtures/video.ts";
import { type DevServer, startDev, tailOfLogs } from "./dev-server.ts";
import { isForwardOnly } from "./service.ts";

const SECONDS = 24;
/** Two segments of 2 s: six chunks, encoded one after the other by the only slot. */
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
  expect(undisturbed.chunks.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(disturbed.chunks.map(({ attempt }) => attempt)).toEqual([1, 1, 2, 1, 1, 1]);
  expect(disturbed.others.map(({ attempt }) => attempt)).toEqual(disturbed.others.map(() => 1));
  expect(disturbed.playlists).toEqual(undisturbed.playlists);
  expect(isForwardOnly(disturbed.seen)).toBe(true);
}, 240_000);

/** Streams the clip; kills the transcoder while it encodes the chunk of this number, counted from 0. */
async function stream(killAt?: number) {
  const { job_id, watch_token } = await client.createJob({
    file: clip,
    filename: "long.mp4",
    forceNew: true,
    outputs: [{ format: "hls", variants: [240, 480], segment_duration: 2, encoder_preset: "slow" }],
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
  return { chunks, others, seen, playlists: await playlistsOf(job_id) };
}

function chunksOf({ tasks }: ProgressSnapshot) {
  return tasks.filter(({ kind }) => kind === "chunk");
}

/** The media playlists, but for the names of the folders that attempts wrote into. */
async function playlistsOf(jobId: string): Promise<string[]> {
  const names = ["master", "240p", "480p", "audio"];
  const texts = names.map(async (name) => (await client.download(`/play/${jobId}/${name}.m3u8`)).text());
  return (await Promise.all(texts)).map((text) => text.replaceAll(/tsk_\w+\.\d+\//g, ""));
}
