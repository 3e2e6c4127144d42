/** The outside world behind a slot: an HTTP server that is told what to answer. */
import type { FetchTranscoder } from "../../src/processing/transcoder-client.ts";
import type { TaskEvent, TaskRequest } from "../../src/video/protocol.ts";

const HEALTH = {
  state: "ready",
  running: [] as string[],
  ffmpegVersion: "7.1",
  encoders: ["libx264"],
  cores: 2,
  memoryFreeBytes: 1e9,
  diskFreeBytes: 1e10,
};

type Answer = (request: TaskRequest) => Response | Promise<Response>;

export function openTranscoder(answer: Answer = () => eventStream([])) {
  const transcoder = {
    health: { ...HEALTH } as typeof HEALTH | Error,
    answer,
    /** Answers to `GET /tasks/<id>`, the next one first. */
    polls: [] as (TaskEvent | 404)[],
    requests: [] as TaskRequest[],
    cancelled: [] as string[],
  };
  const fetchTranscoder: FetchTranscoder = async (path, init) => {
    if (path === "/health") {
      if (transcoder.health instanceof Error) throw transcoder.health;
      return Response.json(transcoder.health);
    }
    const attemptId = path.slice("/tasks/".length);
    if (init?.method === "POST") {
      const request = JSON.parse(String(init.body)) as TaskRequest;
      transcoder.requests.push(request);
      const answered = Promise.resolve(transcoder.answer(request));
      return await Promise.race([answered, rejectionOf(init.signal)]);
    }
    if (init?.method === "DELETE") {
      transcoder.cancelled.push(attemptId);
      return new Response(null, { status: 204 });
    }
    const event = transcoder.polls.shift() ?? 404;
    return event === 404 ? new Response("{}", { status: 404 }) : Response.json({ attemptId, event });
  };
  return { ...transcoder, fetchTranscoder, world: transcoder };
}

function rejectionOf(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}

/** An answer of these events that then ends, or breaks. */
export function eventStream(events: readonly TaskEvent[], breaks = false): Response {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(lines));
      if (breaks) controller.error(new Error("connection reset"));
      else controller.close();
    },
  });
  return new Response(body);
}

/** A promise and the way to keep it. */
export function later<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  return Promise.withResolvers<T>();
}
