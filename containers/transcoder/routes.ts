import type { IncomingMessage, ServerResponse } from "node:http";
import { ERRORS, type FieldError, MediaError, toMediaError } from "../../src/errors.ts";
import { type TaskEvent, type TaskRequest, taskRequest } from "../../src/video/protocol.ts";
import { readHealth } from "./health.ts";
import { log, withoutUrls } from "./log.ts";
import type { Machine } from "./run-task.ts";
import type { TaskRegistry } from "./task-registry.ts";

const MAX_BODY_BYTES = 1_000_000;
/** Events that a listener has not read yet; beyond that it is let go, and asks for the end later. */
const MAX_UNREAD_BYTES = 1_000_000;

/** Answers one request; errors become problem documents (RFC 9457). */
export async function answer(
  machine: Machine,
  registry: TaskRegistry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await route(machine, registry, request, response);
  } catch (thrown) {
    sendProblem(response, toMediaError(thrown));
  }
}

async function route(
  machine: Machine,
  registry: TaskRegistry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const attemptId = /^\/tasks\/([A-Za-z0-9_.-]{1,100})$/.exec(path)?.[1];
  switch (`${request.method} ${attemptId === undefined ? path : "/tasks/{attemptId}"}`) {
    case "GET /health":
      return sendJson(response, await readHealth(machine, registry));
    case "POST /tasks":
      return streamTask(registry, await readTask(request), response);
    case "GET /tasks/{attemptId}":
      return sendJson(response, registry.state(attemptId ?? ""));
    case "DELETE /tasks/{attemptId}":
      await registry.cancel(attemptId ?? "");
      response.writeHead(204).end();
      return;
    default:
      throw new MediaError("not_found", `There is no ${request.method} ${path} here.`);
  }
}

/** Sends the events of a task as they come. The task does not end when its listener does. */
async function streamTask(
  registry: TaskRegistry,
  task: TaskRequest,
  response: ServerResponse,
): Promise<void> {
  const send = (event: TaskEvent) => {
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    if (!response.destroyed) response.write(`${JSON.stringify(event)}\n`);
  };
  const { ended, leave } = registry.start(task, send);
  response.once("close", leave);
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  response.flushHeaders();
  await ended;
  response.end();
}

async function readTask(request: IncomingMessage): Promise<TaskRequest> {
  const body = await readBody(request);
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new MediaError("malformed_json", "The body is not valid JSON.", { cause });
  }
  const parsed = taskRequest.safeParse(json);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw new MediaError("invalid_request", "The task is not valid.", { errors });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new MediaError("payload_too_large", `A task is at most ${MAX_BODY_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: FieldError[];
}

function sendProblem(response: ServerResponse, error: MediaError): void {
  if (error.code === "internal") log("internal_error", { detail: withoutUrls(error.privateDetail ?? "") });
  if (response.headersSent) return void response.destroy();
  const problem: Problem = {
    type: "about:blank",
    title: ERRORS[error.code].title,
    status: error.status,
    code: error.code,
    detail: error.message,
    ...(error.errors.length === 0 ? {} : { errors: error.errors }),
  };
  const headers = { "content-type": "application/problem+json", connection: "close", ...error.headers };
  response.writeHead(error.status, headers).end(JSON.stringify(problem));
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
