import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFailed } from "vitest";
import { createDarkroomClient } from "../../src/client/client.ts";
import type { AcceptedJob, Job, OutputRequest } from "../../src/client/resources.ts";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import { makeClip } from "../fixtures/video.ts";
import { type DevServer, familyOf, isAlive, processesOf, startDev, tailOfLogs } from "./dev-server.ts";
import { outputNames } from "./service.ts";
import { faultsOf, type Seen, traceJob } from "./wire-trace.ts";

/** Seconds of a clip that is still being encoded when the process that does it is killed. */
const LONG = 25;
const RECOVERY_DEADLINE_MS = 160_000;
const PICTURES = [{ preset: "large" }, { preset: "small" }];

const stateDir = mkdtempSync(join(tmpdir(), "darkroom-crash-"));
let clip: Blob;
let photo: Blob;
let server: DevServer;

beforeAll(async () => {
  clip = new Blob([Buffer.from(await makeClip({ width: 1280, height: 720, seconds: LONG }))]);
  photo = new Blob([readFileSync(await makeSamplePhoto(stateDir))]);
  server = await startDev(stateDir);
});

afterAll(async () => {
  await server.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

it("completes a job once though the transcoder is killed in the middle of it", async () => {
  onTestFailed(() => console.error(tailOfLogs(stateDir)));
  const job = await startEncoding();
  const pid = server.record().children.transcoder ?? 0;
  process.kill(pid, "SIGKILL");
  expectCompletedOnce(await endOf(job));
  expect(server.record().children.transcoder).not.toBe(pid);
}, 240_000);

it("completes jobs of every kind, and shows them forward only, though transcoder and worker are killed", async () => {
  onTestFailed(() => console.error(tailOfLogs(stateDir)));
  const traces = new Map<string, Promise<Seen[]>>();
  const begun = Promise.withResolvers<void>();
  const begunAgain = Promise.withResolvers<void>();
  const follow = (kind: string, { job_id: jobId, watch_token: token }: Watchable) => {
    const onSeen = ({ snapshot: { tasks } }: Seen) => {
      const encoders = tasks.filter(({ stage }) => stage === "transcode");
      if (encoders.some(({ percentage }) => percentage > 0)) begun.resolve();
      if (encoders.some(({ attempt }) => attempt > 1)) begunAgain.resolve();
    };
    const signal = AbortSignal.timeout(RECOVERY_DEADLINE_MS);
    traces.set(kind, traceJob({ baseUrl: () => server.url, jobId, token, signal, onSeen }));
  };
  const mp4 = await submit([{ format: "mp4", name: "film.mp4", height: 360 }]);
  follow("mp4", mp4);
  const stream = await submit([{ preset: "hls_480_720" }]);
  follow("stream", stream);
  await begun.promise;
  process.kill(server.record().children.transcoder ?? 0, "SIGKILL");
  await begunAgain.promise;
  const client = clientOf(server);
  const image = await client.createJob({ file: photo, filename: "dusk.jpg", outputs: PICTURES });
  follow("image", image);
  const item = { media_id: image.media_id, output_specifications: PICTURES };
  const batch = await client.createBatch({ items: Array.from({ length: 4 }, () => item) });
  for (const { job_id } of batch.items) {
    const { token } = await client.createWatchToken({ job_id });
    follow(`item ${job_id} of the batch`, { job_id, watch_token: token });
  }
  for (const pid of familyOf(server.record().children.wrangler ?? 0)) process.kill(pid, "SIGKILL");
  expect(await server.ended).toBe(1);
  server = await startDev(stateDir);
  const together = percentagesOf(batch.batch_id);

  for (const [kind, tracing] of traces) {
    const trace = await tracing;
    expect(faultsOf(trace), kind).toEqual([]);
    expect(trace.at(-1)?.snapshot, kind).toMatchObject({ status: "completed", current_stage: null });
  }
  for (const kind of ["mp4", "stream"]) {
    expect((await traces.get(kind))?.at(-1)?.connection, kind).toBeGreaterThan(1);
  }
  const percentages = await together;
  expect(percentages).toEqual(percentages.toSorted((a, b) => a - b));
  expect(percentages.at(-1)).toBe(100);
  expect(outputNames(await clientOf(server).getJob(mp4.job_id))).toEqual(["film.mp4"]);
  expect(outputNames(await clientOf(server).getJob(stream.job_id))).toEqual(["hls_480_720"]);
}, 240_000);

it("ends all its processes when it is asked to, and comes back with what it knew", async () => {
  const jobsBefore = await clientOf(server).listJobs();
  const record = server.record();
  const family = [record.pid, ...Object.values(record.children)].flatMap(familyOf);
  expect(await server.stop()).toBe(0);
  expect(family.filter(isAlive)).toEqual([]);
  expect(processesOf(stateDir)).toEqual([]);
  const { port } = new URL(server.url);
  const keyBefore = server.key;
  server = await startDev(stateDir, ["--port", port]);
  expect(server.url).toBe(`http://127.0.0.1:${port}`);
  expect(server.key).toBe(keyBefore);
  expect(await clientOf(server).listJobs()).toEqual(jobsBefore);
});

const clientOf = ({ url, key }: DevServer) => createDarkroomClient({ baseUrl: url, key });

type Watchable = Pick<AcceptedJob, "job_id" | "watch_token">;

async function submit(outputs?: OutputRequest[]): Promise<AcceptedJob> {
  return await clientOf(server).createJob({ file: clip, filename: "long.mp4", forceNew: true, outputs });
}

/** Resolves with the id of a job whose encoder has begun. */
async function startEncoding(): Promise<string> {
  const accepted = await submit();
  const begun = new AbortController();
  const watching = clientOf(server).watchJob(accepted.job_id, {
    token: accepted.watch_token,
    signal: begun.signal,
    onProgress: ({ stages }) => {
      const share = stages.find(({ stage }) => stage === "transcode")?.percentage ?? 0;
      if (share > 0) begun.abort(new Error("begun"));
    },
  });
  await expect(watching).rejects.toThrow("begun");
  return accepted.job_id;
}

/** What a batch says of its progress, as often as one asks, to its end. */
async function percentagesOf(batchId: string): Promise<number[]> {
  const percentages: number[] = [];
  const end = await clientOf(server).watchBatch(batchId, {
    onProgress: (batch) => percentages.push(batch.progress_percentage),
    signal: AbortSignal.timeout(RECOVERY_DEADLINE_MS),
  });
  expect(end).toMatchObject({ status: "completed" });
  return percentages;
}

function endOf(jobId: string): Promise<Job> {
  return clientOf(server).watchJob(jobId, { signal: AbortSignal.timeout(RECOVERY_DEADLINE_MS) });
}

function expectCompletedOnce(job: Job): void {
  expect(job).toMatchObject({ status: "completed", error: null });
  expect(outputNames(job)).toEqual(["hls_480_720", "video_thumbnail.jpg"]);
}
