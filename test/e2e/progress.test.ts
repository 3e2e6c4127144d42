import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { createDarkroomClient, type DarkroomClient } from "../../src/client/client.ts";
import type { AcceptedJob, Job, OutputRequest, ProgressSnapshot } from "../../src/client/resources.ts";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import type { FeedData } from "../../src/progress/feed-message.ts";
import { makeClip } from "../fixtures/video.ts";
import { type DevServer, startDev, tailOfLogs } from "./dev-server.ts";
import { isForwardOnly } from "./service.ts";

const DEADLINE_MS = 200_000;
/** Long enough that their encoders are still at work when the transcoder is killed. */
const CLIP = { width: 1280, height: 720, seconds: 20 };

/** A job of every kind of task: an image in the isolate, a film, a stream and a still in the container. */
const WANTED: Record<string, { file: "photo" | "clip"; outputs: OutputRequest[] }> = {
  image: { file: "photo", outputs: [{ preset: "thumbnail" }, { preset: "large" }] },
  mp4: { file: "clip", outputs: [{ preset: "mobile_video" }] },
  stream: { file: "clip", outputs: [{ preset: "hls_480_720" }] },
  thumbnail: { file: "clip", outputs: [{ preset: "video_thumbnail" }] },
};

interface Trace {
  accepted: AcceptedJob;
  seen: ProgressSnapshot[];
  job: Job;
}

const stateDir = mkdtempSync(join(tmpdir(), "darkroom-progress-"));
let server: DevServer;
let client: DarkroomClient;
const traces = new Map<string, Trace>();
const fed: { event: string; data: FeedData }[] = [];
const enough = new AbortController();

beforeAll(async () => {
  const photo = new Blob([readFileSync(await makeSamplePhoto(stateDir))]);
  const clip = new Blob([Buffer.from(await makeClip(CLIP))]);
  server = await startDev(stateDir);
  client = createDarkroomClient({ baseUrl: server.url, key: server.key });
  const fedToTheEnd = Promise.withResolvers<void>();
  const feed = client.watchFeed({
    all: true,
    signal: enough.signal,
    onEvent: (event) => {
      fed.push(event);
      const ended = fed.filter(({ data }) => data.status === "completed").map(({ data }) => data.job_id);
      if (new Set(ended).size === Object.keys(WANTED).length) fedToTheEnd.resolve();
    },
  });
  const encoding = Promise.withResolvers<void>();
  const running = Object.entries(WANTED).map(async ([name, { file, outputs }]) => {
    const media =
      file === "photo" ? { file: photo, filename: "dusk.jpg" } : { file: clip, filename: "clip.mp4" };
    const accepted = await client.createJob({ ...media, outputs });
    const seen: ProgressSnapshot[] = [];
    const job = await client.watchJob(accepted.job_id, {
      token: accepted.watch_token,
      signal: AbortSignal.timeout(DEADLINE_MS),
      onProgress: (snapshot) => {
        seen.push(snapshot);
        if (snapshot.current_stage === "transcode" && snapshot.stage_percentage > 5) encoding.resolve();
      },
    });
    traces.set(name, { accepted, seen, job });
  });
  await encoding.promise;
  process.kill(server.record().children.transcoder ?? 0, "SIGKILL");
  await Promise.all([...running, fedToTheEnd.promise]);
  enough.abort();
  await feed;
}, DEADLINE_MS + 60_000);

afterAll(async () => {
  await server.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

function traceOf(name: string): Trace {
  const trace = traces.get(name);
  if (!trace) throw new Error(`${name} did not end`);
  return trace;
}

describe.each(Object.keys(WANTED))(
  "the progress of a job that makes %s, through a crash of the transcoder",
  (name) => {
    it("only goes forward, to 100 exactly at its end", () => {
      onTestFailed(() => console.error(tailOfLogs(stateDir)));
      const { seen, job } = traceOf(name);
      expect(job.status).toBe("completed");
      expect(isForwardOnly(seen)).toBe(true);
      const whole = seen.filter((snapshot) => snapshot.progress_percentage === 100);
      expect(whole).toEqual(seen.slice(-1));
      expect(seen.at(-1)).toMatchObject({ status: "completed", current_stage: null });
    });

    it("never shows a stage, or a task, further back than before", () => {
      const { seen } = traceOf(name);
      const highest = new Map<string, number>();
      for (const { stages, tasks } of seen) {
        const shown = [
          ...stages.map(({ stage, percentage }) => [stage, percentage] as const),
          ...tasks.map(({ task_id, percentage }) => [task_id, percentage] as const),
        ];
        for (const [row, percentage] of shown) {
          expect(percentage, row).toBeGreaterThanOrEqual(highest.get(row) ?? 0);
          highest.set(row, percentage);
        }
      }
    });

    it("tells whoever comes late the truth, live and polled", async () => {
      const { accepted, job, seen } = traceOf(name);
      const truth = seen.at(-1);
      const late: ProgressSnapshot[] = [];
      await client.watchJob(job.job_id, {
        token: accepted.watch_token,
        onProgress: (snapshot) => late.push(snapshot),
      });
      expect(late).toEqual([truth]);
      const polled = await client.download(`/v1/jobs/${job.job_id}/progress`);
      expect(await polled.json()).toEqual(truth);
    });

    it("is on the owner's feed, forward only, with a thumbnail where a small image was made", () => {
      const { accepted, job } = traceOf(name);
      const own = fed.filter(({ data }) => data.job_id === accepted.job_id);
      expect(new Set(own.map(({ event }) => event))).toEqual(new Set([`progress:${accepted.media_id}`]));
      const figures = own.map(({ data }) => data.progress);
      expect(figures).toEqual([...figures].sort((a, b) => a - b));
      expect(own.at(-1)?.data).toMatchObject({ status: "completed", progress: 100 });
      const isSmall = job.outputs.some(
        ({ type, width }) => type.startsWith("image/") && (width ?? 9999) <= 640,
      );
      expect(own.at(-1)?.data.thumbnail_url !== null).toBe(isSmall);
    });
  },
);

it("of an encoder that was killed was seen to run again", () => {
  const attempts = ["mp4", "stream"].flatMap((name) =>
    traceOf(name).seen.flatMap(({ tasks }) => tasks.map((task) => task.attempt)),
  );
  expect(Math.max(...attempts)).toBeGreaterThan(1);
});

it("shows what an encoder is at: operation, size, speed, memory", () => {
  const encoding = ["mp4", "stream"].flatMap((name) => traceOf(name).seen);
  const details = encoding.map((snapshot) => snapshot.stage_details);
  expect(details).toContainEqual(
    expect.objectContaining({ current_operation: "encoding", resolution: "1280x720" }),
  );
  expect(encoding.some(({ resource_usage }) => (resource_usage?.memory_bytes ?? 0) > 1_000_000)).toBe(true);
  expect(encoding.some(({ estimated_remaining }) => (estimated_remaining?.high ?? 0) > 0)).toBe(true);
});
