import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Envelope } from "../../../src/webhooks/event.ts";

export interface ProgressTold {
  type: string;
  run: number;
  sequence: number;
  percentage: number;
}

/** A client's own endpoint that is there only half of the time. */
export interface FlappingReceiver {
  url: string;
  /** Jobs whose end was told, with the ids of the events that told it. */
  ends: Map<string, Set<string>>;
  /** How far each job was, with every event of it. */
  progress: Map<string, ProgressTold[]>;
  /** Requests that were turned away. */
  refused: () => number;
  /** Answers everything from now on. */
  settle: () => void;
  close: () => void;
}

const ENDS = new Set(["job.completed", "job.failed", "job.cancelled"]);
const UP_MS = 6_000;
const DOWN_MS = 3_000;

export async function openFlappingReceiver(): Promise<FlappingReceiver> {
  const ends = new Map<string, Set<string>>();
  const progress = new Map<string, ProgressTold[]>();
  let refused = 0;
  let settled = false;
  const isDown = () => !settled && Date.now() % (UP_MS + DOWN_MS) >= UP_MS;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      if (isDown()) {
        refused++;
        response.writeHead(503, { "Retry-After": "1" }).end();
        return;
      }
      const { type, data } = JSON.parse(body) as Envelope;
      const jobId = data.job?.job_id;
      if (data.job && jobId) {
        const { run = 1, progress_percentage: percentage } = data.job;
        const told = { type, run, sequence: data.sequence, percentage };
        progress.set(jobId, [...(progress.get(jobId) ?? []), told]);
      }
      if (jobId && ENDS.has(type)) {
        ends.set(jobId, (ends.get(jobId) ?? new Set()).add(String(request.headers["webhook-id"])));
      }
      response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ends`,
    ends,
    progress,
    refused: () => refused,
    settle: () => {
      settled = true;
    },
    close: () => server.close(),
  };
}
