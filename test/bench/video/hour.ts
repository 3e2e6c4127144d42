import { execFileSync } from "node:child_process";
import { openAsBlob, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createDarkroomClient } from "../../../src/client/client.ts";
import { readRunRecord } from "../../../src/local/run-record.ts";
import { startStack } from "../../../src/local/stack.ts";
import type { Row } from "../row.ts";

const SECONDS = 3600;
const LOOK_EVERY_MS = 500;
const GIVE_UP_MS = 30 * 60_000;
const MIB = 1024 * 1024;

/** What was seen of the transcoder while it worked. */
interface Look {
  /** Of the server itself, without the encoders. */
  serverMib: number;
  /** In all work folders together. */
  tempMib: number;
}

/**
 * An hour of small pictures and sound through the whole service: that it completes, that the server's memory does not
 * grow with the hour, and how much of it ever lies on the transcoder's disk.
 */
export async function measureHour(dir: string): Promise<Row[]> {
  const file = makeHour(dir);
  const stack = await startStack({ stateDir: join(dir, "hour"), transcoder: "process" });
  try {
    const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
    const outputs = [{ format: "adaptive" as const, variants: [144] }];
    const startedAtMs = Date.now();
    const { job_id } = await client.createJob({
      file: await openAsBlob(file),
      filename: "hour.mp4",
      outputs,
    });
    const { transcoder = 0 } = readRunRecord(stack.stateDir).children;
    const looks: Look[] = [];
    const timer = setInterval(() => {
      looks.push({
        serverMib: memoryMib(transcoder),
        tempMib: bytesUnder(join(stack.stateDir, "transcoder")) / MIB,
      });
    }, LOOK_EVERY_MS);
    const signal = AbortSignal.timeout(GIVE_UP_MS);
    const job = await client.watchJob(job_id, { signal }).finally(() => clearInterval(timer));
    const wallSeconds = (Date.now() - startedAtMs) / 1000;
    const [output] = job.outputs;
    if (job.status !== "completed" || !output)
      throw new Error(`The hour ${job.status}: ${job.error?.message}`);
    return rowsOf(looks, wallSeconds, (output.duration ?? 0) - SECONDS, statSync(file).size / MIB);
  } finally {
    await stack.stop();
  }
}

function rowsOf(
  looks: readonly Look[],
  wallSeconds: number,
  lateBySeconds: number,
  sourceMib: number,
): Row[] {
  const quarter = Math.ceil(looks.length / 4);
  const most = (part: readonly Look[], of: keyof Look) => Math.max(0, ...part.map((look) => look[of]));
  const first = most(looks.slice(0, quarter), "serverMib");
  const last = most(looks.slice(-quarter), "serverMib");
  const row = (metric: string, ours: number, rest: Partial<Row> = {}): Row => ({
    ...{ case: "one hour, 256×144 at 10 fps", metric, ours: Number(ours.toFixed(3)) },
    ...{ reference: null, ratio: null, goal: null, better: "lower" as const, ...rest },
  });
  return [
    row("s, all of it", wallSeconds),
    row("s, the output is longer by", lateBySeconds, { goal: 0.1 }),
    row("MiB, memory of the server itself, most", most(looks, "serverMib"), { goal: 150 }),
    row("MiB, the same, last quarter against the first", last, { reference: first, ratio: last / first }),
    row("MiB on the transcoder's disk, most; the source", most(looks, "tempMib"), { reference: sourceMib }),
  ];
}

function makeHour(dir: string): string {
  const file = join(dir, "hour.mp4");
  const picture = `testsrc2=size=256x144:rate=10:duration=${SECONDS}`;
  const tone = `sine=frequency=440:beep_factor=4:sample_rate=48000:duration=${SECONDS}`;
  execFileSync("ffmpeg", [
    ...["-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone],
    ...[
      "-c:v",
      "libx264",
      "-preset",
      "superfast",
      "-crf",
      "30",
      "-maxrate",
      "120k",
      "-bufsize",
      "240k",
      "-c:a",
      "aac",
      "-b:a",
      "48k",
      file,
    ],
  ]);
  return file;
}

function memoryMib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kib) * 1024) / MIB;
}

/** Of all files below a folder; one that vanishes meanwhile counts nothing. */
function bytesUnder(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
      const path = join(folder, entry.name);
      return (
        sum +
        (entry.isDirectory() ? bytesUnder(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0))
      );
    }, 0);
  } catch {
    return 0;
  }
}
