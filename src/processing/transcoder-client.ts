import { errorCodeOf, MediaError } from "../errors.ts";
import {
  type TaskEvent,
  type TaskRequest,
  type TaskResult,
  type TranscoderHealth,
  taskEvent,
  transcoderHealth,
} from "../video/protocol.ts";

/** Reaches the transcoder behind a slot; starts its container when it sleeps. */
export type FetchTranscoder = (path: string, init?: RequestInit) => Promise<Response>;

/** Anything but running a task is answered at once, or not at all. */
const ANSWER_WITHIN_MS = 15_000;

/** @throws when the transcoder cannot be reached or answers nonsense. */
export async function readHealth(fetchTranscoder: FetchTranscoder): Promise<TranscoderHealth> {
  const response = await fetchTranscoder("/health", { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  return transcoderHealth.parse(await response.json());
}

/** Stops an attempt and everything it started; one that is not there is fine. */
export async function cancelAttempt(fetchTranscoder: FetchTranscoder, attemptId: string): Promise<void> {
  const response = await fetchTranscoder(`/tasks/${attemptId}`, {
    method: "DELETE",
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  await response.body?.cancel();
}

/**
 * Runs one attempt to its end and passes on every event, the last one included. When the stream of events breaks, the task goes on in the
 * container: its end is asked for until it is known.
 *
 * @param signal stops the attempt in the container; its reason is thrown.
 * @throws MediaError what the transcoder reported, `transcoder_unavailable`, or `worker_lost` when it died.
 */
export async function runAttempt(
  fetchTranscoder: FetchTranscoder,
  request: TaskRequest,
  onEvent: (event: TaskEvent) => void,
  signal: AbortSignal,
): Promise<TaskResult> {
  try {
    const response = await startAttempt(fetchTranscoder, request, signal);
    const end =
      (await followStream(response, onEvent)) ??
      (await followPolling(fetchTranscoder, request, onEvent, signal));
    onEvent(end);
    return resultOf(end);
  } catch (error) {
    if (!signal.aborted) throw error;
    await cancelAttempt(fetchTranscoder, request.attemptId).catch(() => undefined);
    throw signal.reason instanceof MediaError
      ? signal.reason
      : new MediaError("worker_lost", "The lease of this task was taken back.");
  }
}

async function startAttempt(
  fetchTranscoder: FetchTranscoder,
  request: TaskRequest,
  signal: AbortSignal,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetchTranscoder("/tasks", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
      signal,
    });
  } catch (cause) {
    throw new MediaError("transcoder_unavailable", "The transcoder cannot be reached.", { cause });
  }
  if (response.ok) return response;
  const problem = await response.text();
  const code = response.status === 503 ? "transcoder_busy" : "internal";
  throw new MediaError(code, "The transcoder refused the task.", { privateDetail: problem.slice(0, 2000) });
}

type EndEvent = Extract<TaskEvent, { type: "done" | "error" }>;

/** Reads events until the end; undefined when the stream broke before it. */
async function followStream(
  response: Response,
  onEvent: (event: TaskEvent) => void,
): Promise<EndEvent | undefined> {
  if (!response.body) return undefined;
  let rest = "";
  try {
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.trim() === "") continue;
        const event = taskEvent.parse(JSON.parse(line));
        if (event.type === "done" || event.type === "error") return event;
        onEvent(event);
      }
    }
  } catch {
    return undefined;
  }
  return undefined;
}

const POLL_EVERY_MS = 1_000;

/** Asks for the end of an attempt whose stream broke. */
async function followPolling(
  fetchTranscoder: FetchTranscoder,
  request: TaskRequest,
  onEvent: (event: TaskEvent) => void,
  signal: AbortSignal,
): Promise<EndEvent> {
  for (;;) {
    signal.throwIfAborted();
    const event = await lastEvent(fetchTranscoder, request.attemptId);
    if (!event) throw new MediaError("worker_lost", "The transcoder lost the task.");
    if (event.type === "done" || event.type === "error") return event;
    onEvent(event);
    await scheduler.wait(POLL_EVERY_MS);
  }
}

async function lastEvent(
  fetchTranscoder: FetchTranscoder,
  attemptId: string,
): Promise<TaskEvent | undefined> {
  try {
    const response = await fetchTranscoder(`/tasks/${attemptId}`, {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (!response.ok) return undefined;
    const { event } = (await response.json()) as { event: unknown };
    return taskEvent.parse(event);
  } catch {
    return undefined;
  }
}

function resultOf(end: EndEvent): TaskResult {
  if (end.type === "done") return end.result;
  throw new MediaError(errorCodeOf(end.code), end.message, { privateDetail: end.detail });
}
