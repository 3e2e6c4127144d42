/**
 * `node exercise.ts <state folder>`: one instance whose transcoder is the real container, jobs through it, and a look
 * at what the container may do. Ends with 1 when something is not as it should be. `run.sh` prepares the machine.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createDarkroomClient, type DarkroomClient } from "../../src/client/client.ts";
import type { Job } from "../../src/client/resources.ts";
import { startStack } from "../../src/local/stack.ts";
import { makeClip } from "../fixtures/video.ts";

const run = promisify(execFile);
/** The first start of a container builds its image and installs ffmpeg. */
const DEADLINE_MS = 20 * 60_000;

const OUTPUTS = [
  { format: "mp4", name: "film.mp4", crf: 30, encoder_preset: "ultrafast" },
  { format: "adaptive", name: "stream", variants: [240] },
  { format: "jpeg", name: "poster.jpg", thumbnails: { count: 1, best: true } },
  { format: "m4a", name: "sound.m4a" },
];

const stack = await startStack({
  stateDir: process.argv[2] ?? "/var/tmp/darkroom-state",
  transcoder: "auto",
  say: console.log,
});
try {
  const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
  const cold = await timed("a clip, on a container that had to start", () => develop(client));
  expect(cold.status === "completed", `the job ended as ${cold.status}: ${JSON.stringify(cold.error)}`);
  expect(cold.outputs.length === OUTPUTS.length, `${cold.outputs.length} outputs of ${OUTPUTS.length}`);
  for (const { name, url } of cold.outputs) {
    const bytes = (await (await client.download(new URL(url).pathname)).arrayBuffer()).byteLength;
    expect(bytes > 0, `${name} is empty`);
    console.log(`  ${name}: ${bytes} bytes`);
  }
  await timed("the same again, on the warm container", () => develop(client));
  await inspectContainers();
} finally {
  await stack.stop();
}

async function develop(client: DarkroomClient): Promise<Job> {
  const clip = await makeClip({ seconds: 6 });
  const accepted = await client.createJob({
    file: new Blob([Buffer.from(clip)]),
    filename: "clip.mp4",
    outputs: OUTPUTS,
    forceNew: true,
  });
  return client.watchJob(accepted.job_id, {
    token: accepted.watch_token,
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
}

/** The container runs as nobody special, and reaches storage alone. */
async function inspectContainers(): Promise<void> {
  const docker = process.env.WRANGLER_DOCKER_BIN ?? "docker";
  const { stdout } = await run(docker, ["ps", "--format", "{{.ID}} {{.Image}}"]);
  const ids = stdout.split("\n").flatMap((line) => (/^(\w+) .*transcoder/i.exec(line) ?? []).slice(1));
  expect(ids.length > 0, "no container of the transcoder runs: the jobs went elsewhere");
  const inside = async (id: string, script: string) =>
    (await run(docker, ["exec", id, "node", "-e", script])).stdout.trim();
  for (const id of ids) {
    const user = await inside(id, "console.log(process.getuid())");
    expect(user !== "0", "the transcoder runs as root");
    const reach =
      "fetch('http://1.1.1.1',{signal:AbortSignal.timeout(5000)}).then(()=>'out',()=>'shut').then(console.log)";
    expect((await inside(id, reach)) !== "out", "the container reaches the internet");
    console.log(`  ${id}: user ${user}, no internet`);
  }
}

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  console.log(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
