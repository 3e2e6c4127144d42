import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDarkroomClient, type DarkroomClient } from "../../../src/client/client.ts";
import type { AcceptedJob } from "../../../src/client/resources.ts";
import { readRunRecord } from "../../../src/local/run-record.ts";
import { startStack } from "../../../src/local/stack.ts";
import type { WatchMessage } from "../../../src/progress/event.ts";
import { makeClip } from "../../fixtures/video.ts";
import { percentile, type Row } from "../row.ts";
import { processorSeconds } from "./processor-time.ts";

const JOBS = 100;
const SOCKETS_A_JOB = 20;
const GIVE_UP_MS = 120_000;

/**
 * 2,000 WebSockets on 100 jobs: how long after something happened each of them hears of it, and what that takes. The
 * jobs are stills of clips, which wait for one another, so that all sockets are open before most jobs begin.
 */
export async function measureSockets(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-sockets-"));
  const stack = await startStack({ stateDir: join(dir, "state"), transcoder: "process" });
  try {
    const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
    const clip = await makeClip({ width: 192, height: 144, rate: "15", seconds: 1 });
    const accepted = await submitAll(client, clip);
    const { wrangler = 0 } = readRunRecord(stack.stateDir).children;
    const cpuBefore = processorSeconds([wrangler]);
    const heard = await Promise.all(
      accepted.flatMap((job) => Array.from({ length: SOCKETS_A_JOB }, () => listen(job))),
    );
    const lagsMs = heard.flatMap(({ lags }) => lags);
    const ended = heard.filter(({ end }) => end).length;
    const cpuMs = ((processorSeconds([wrangler]) - cpuBefore) * 1000) / lagsMs.length;
    return [
      rowOf("lag of an update, p50 ms", percentile(lagsMs, 0.5), null, "lower"),
      rowOf("lag of an update, p99 ms", percentile(lagsMs, 0.99), null, "lower"),
      rowOf("sockets that heard the end of their job", ended, JOBS * SOCKETS_A_JOB, "higher"),
      rowOf("CPU of the worker for each message, jobs included, ms", round(cpuMs), null, "lower"),
    ];
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function rowOf(metric: string, ours: number, goal: number | null, better: Row["better"]): Row {
  const name = `${JOBS * SOCKETS_A_JOB} WebSockets on ${JOBS} jobs`;
  return { case: name, metric, ours, reference: null, ratio: null, goal, better };
}

async function submitAll(client: DarkroomClient, clip: Buffer): Promise<AcceptedJob[]> {
  const accepted: AcceptedJob[] = [];
  for (let n = 0; n < JOBS; n++) {
    // A box that players skip makes each clip a file of its own.
    const mark = Buffer.from([0, 0, 0, 12, ...Buffer.from("free"), 0, 0, 0, n]);
    const file = new Blob([new Uint8Array(clip), mark]);
    accepted.push(
      await client.createJob({ file, filename: "clip.mp4", outputs: [{ preset: "video_thumbnail" }] }),
    );
  }
  return accepted;
}

interface Heard {
  /** Of each update and of the end, from when it happened, ms. */
  lags: number[];
  end: boolean;
}

/** Listens until the end of a job, or until it has taken too long. */
function listen({ links, watch_token }: AcceptedJob): Promise<Heard> {
  const heard: Heard = { lags: [], end: false };
  return new Promise((resolve) => {
    const socket = new WebSocket(`${links.ws}?token=${watch_token}`);
    const timer = setTimeout(() => socket.close(), GIVE_UP_MS);
    let greetedAtMs = Number.POSITIVE_INFINITY;
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as WatchMessage;
      // What happened before there was anybody to hear it is not late: a socket of a job that has ended is told so.
      const happenedAtMs = Date.parse(message.timestamp ?? "");
      if (happenedAtMs > greetedAtMs) heard.lags.push(Date.now() - happenedAtMs);
      greetedAtMs = Math.min(greetedAtMs, Date.now());
      heard.end ||= message.type === "end";
    });
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      resolve(heard);
    });
  });
}

const round = (value: number) => Number(value.toFixed(2));
