/**
 * `node exercise.ts <state folder>`: one instance whose transcoder is the real container, jobs through it, a container
 * killed in the middle of one, and a look at what a container may do. Ends with 1 when something is not as it should
 * be. `run.sh` prepares the machine.
 */
import { createDarkroomClient, type DarkroomClient } from "../../src/client/client.ts";
import type { Job, ProgressSnapshot } from "../../src/client/resources.ts";
import { startStack } from "../../src/local/stack.ts";
import { makeClip } from "../fixtures/video.ts";
import { docker, expect, transcoders } from "./docker.ts";
import { inspectContainer, stopContainer } from "./inspect-container.ts";

/** The first start of a container builds its image and installs ffmpeg. */
const DEADLINE_MS = 20 * 60_000;

const OUTPUTS = [
  { format: "mp4", name: "film.mp4", crf: 30, encoder_preset: "ultrafast" },
  { format: "adaptive", name: "stream", variants: [240] },
  { format: "jpeg", name: "poster.jpg", thumbnails: { count: 1, best: true } },
  { format: "m4a", name: "sound.m4a" },
];
const LADDER = [{ format: "adaptive", name: "stream", variants: [240, 360, 480, 720] }];

const stack = await startStack({
  stateDir: process.argv[2] ?? "/var/tmp/darkroom-state",
  transcoder: "auto",
  variables: { TRANSCODER_SLOTS: "1", CHUNK_SECONDS: "6" },
  say: console.log,
});
try {
  const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
  const clip = await makeClip({ seconds: 6 });
  const cold = await timed("a clip, on a container that had to start", () => develop(client, clip, OUTPUTS));
  await expectWhole(client, cold, OUTPUTS.length);
  await timed("the same again, on the warm container", () => develop(client, clip, OUTPUTS));
  const drawing = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"><circle cx="320" cy="240" r="200"/></svg>',
  );
  const drawn = await timed("a drawing, which only libvips reads", () =>
    develop(client, drawing, [{ format: "webp", width: 320 }], "drawing.svg"),
  );
  await expectWhole(client, drawn, 1);
  const [container = ""] = await transcoders();
  expect(container !== "", "no container of the transcoder runs: the jobs went elsewhere");
  await inspectContainer(container);
  await timed("a stream in chunks, its container killed in the middle", () => loseAContainer(client));
  const [successor = ""] = await transcoders();
  await stopContainer(successor);
  const next = await timed("a clip, on the container after one that was asked to stop", () =>
    develop(client, clip, OUTPUTS),
  );
  await expectWhole(client, next, OUTPUTS.length);
} finally {
  await stack.stop();
}

async function develop(
  client: DarkroomClient,
  file: Buffer,
  outputs: readonly object[],
  filename = "clip.mp4",
  onProgress: (progress: ProgressSnapshot) => void = () => undefined,
): Promise<Job> {
  const accepted = await client.createJob({
    file: new Blob([new Uint8Array(file)]),
    filename,
    outputs: [...outputs] as never,
    forceNew: true,
  });
  return client.watchJob(accepted.job_id, {
    token: accepted.watch_token,
    onProgress,
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
}

async function expectWhole(client: DarkroomClient, job: Job, outputs: number): Promise<void> {
  expect(job.status === "completed", `the job ended as ${job.status}: ${JSON.stringify(job.error)}`);
  expect(job.outputs.length === outputs, `${job.outputs.length} outputs of ${outputs}`);
  for (const { name, url } of job.outputs) {
    const bytes = (await (await client.download(new URL(url).pathname)).arrayBuffer()).byteLength;
    expect(bytes > 0, `${name} is empty`);
    console.log(`  ${name}: ${bytes} bytes`);
  }
}

/** A container that is gone costs the chunk that it was at, and the job goes on in another. */
async function loseAContainer(client: DarkroomClient): Promise<void> {
  const clip = await makeClip({ seconds: 36, width: 1280, height: 720 });
  let killing: Promise<void> | undefined;
  const job = await develop(client, clip, LADDER, "clip.mp4", (progress) => {
    if (progress.current_stage === "transcode" && progress.progress_percentage > 40)
      killing ??= killContainer();
  });
  await killing;
  await expectWhole(client, job, 1);
  const { timeline } = await client.getTimeline(job.job_id);
  const chunks = timeline.filter(({ event, kind }) => event === "task.claimed" && kind === "chunk");
  const lost = timeline.filter(({ error }) => error !== undefined);
  expect(killing !== undefined && lost.length > 0, "the job did not notice that its container was gone");
  console.log(
    `  runs of chunks: ${chunks.length}, attempts that failed: ${lost.map(({ error }) => error?.code).join(", ")}`,
  );
}

async function killContainer(): Promise<void> {
  const [id] = await transcoders();
  expect(id !== undefined, "no container runs");
  await docker("kill", "--signal", "KILL", String(id));
  console.log(`  container ${id} killed`);
}

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  console.log(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}
