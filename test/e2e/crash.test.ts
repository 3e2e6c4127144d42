import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFailed } from "vitest";
import { createDarkroomClient } from "../../src/client/client.ts";
import type { Job } from "../../src/client/resources.ts";
import { makeClip } from "../fixtures/video.ts";
import { type DevServer, familyOf, isAlive, processesOf, startDev, tailOfLogs } from "./dev-server.ts";
import { outputNames } from "./service.ts";

/** Seconds of a clip that is still being encoded when the process that does it is killed. */
const LONG = 25;
const RECOVERY_DEADLINE_MS = 160_000;

const stateDir = mkdtempSync(join(tmpdir(), "darkroom-crash-"));
let clip: Blob;
let server: DevServer;

beforeAll(async () => {
  clip = new Blob([Buffer.from(await makeClip({ width: 1280, height: 720, seconds: LONG }))]);
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

it("completes a job once though the worker's whole process is killed in the middle of it", async () => {
  onTestFailed(() => console.error(tailOfLogs(stateDir)));
  const job = await startEncoding();
  for (const pid of familyOf(server.record().children.wrangler ?? 0)) process.kill(pid, "SIGKILL");
  expect(await server.ended).toBe(1);
  server = await startDev(stateDir);
  expectCompletedOnce(await endOf(job));
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

/** Resolves with the id of a job whose encoder has begun. */
async function startEncoding(): Promise<string> {
  const client = clientOf(server);
  const accepted = await client.createJob({ file: clip, filename: "long.mp4", forceNew: true });
  const begun = new AbortController();
  const watching = client.watchJob(accepted.job_id, {
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

function endOf(jobId: string): Promise<Job> {
  return clientOf(server).watchJob(jobId, { signal: AbortSignal.timeout(RECOVERY_DEADLINE_MS) });
}

function expectCompletedOnce(job: Job): void {
  expect(job).toMatchObject({ status: "completed", error: null });
  expect(outputNames(job)).toEqual(["hls_480_720", "video_thumbnail.jpg"]);
}
