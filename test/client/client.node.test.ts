import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDarkroomClient, type DarkroomClient } from "../../src/client/client.ts";
import { DarkroomProblem } from "../../src/client/problem.ts";
import type { ProgressSnapshot } from "../../src/client/resources.ts";
import { apply } from "../../src/client/watch.ts";

/** What the pretended service answers next, by method and path; every request is kept. */
const answers = new Map<string, { status: number; type?: string; body: unknown }[]>();
const asked: { method: string; path: string; authorization: string | undefined }[] = [];
let server: Server;
let client: DarkroomClient;

beforeEach(async () => {
  answers.clear();
  asked.length = 0;
  server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push({ method: request.method ?? "", path, authorization: request.headers.authorization });
    const queue = answers.get(`${request.method} ${path}`) ?? [];
    const answer = (queue.length > 1 ? queue.shift() : queue[0]) ?? { status: 404, body: {} };
    response.writeHead(answer.status, { "Content-Type": answer.type ?? "application/json" });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = createDarkroomClient({ baseUrl, key: "dr_key" });
});

afterEach(() => new Promise((resolve) => server.close(resolve)));

describe("the client", () => {
  it("sends the key, and asks for what it was told", async () => {
    answers.set("GET /v1/jobs?limit=2&status=failed", [
      { status: 200, body: { jobs: [], next_cursor: null } },
    ]);
    expect(await client.listJobs({ limit: 2, status: "failed" })).toEqual({ jobs: [], next_cursor: null });
    expect(asked[0]?.authorization).toBe("Bearer dr_key");
  });

  it("keeps the key from another host", async () => {
    let sent: Headers | undefined;
    const spying = createDarkroomClient({
      baseUrl: "https://media.example",
      key: "dr_key",
      fetch: (_, init) => {
        sent = new Headers(init?.headers);
        return Promise.resolve(new Response("ok"));
      },
    });
    await spying.download("https://elsewhere.example/a.webp");
    expect(sent?.has("Authorization")).toBe(false);
  });

  it("throws the service's own words, fields and all", async () => {
    const problem = {
      type: "/problems/invalid_request",
      title: "The request is not valid",
      status: 422,
      detail: "Correct one field.",
      errors: [{ path: "output_specifications.0.width", message: "must be at least 1" }],
    };
    answers.set("POST /v1/jobs", [{ status: 422, type: "application/problem+json", body: problem }]);
    const refused = client.createJob({ file: new Blob(["x"]), filename: "x.jpg", outputs: [{ width: 0 }] });
    const error = await refused.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DarkroomProblem);
    expect(error).toMatchObject({ status: 422, code: "invalid_request", problem });
    expect(String(error)).toContain("output_specifications.0.width: must be at least 1");
  });

  it("says something even of an answer that is no problem document", async () => {
    answers.set("GET /v1/jobs/job_1", [{ status: 502, type: "text/html", body: "<h1>Bad gateway</h1>" }]);
    await expect(client.getJob("job_1")).rejects.toMatchObject({ status: 502, message: "Bad Gateway" });
  });

  it("polls where there is no WebSocket, and resolves with the job", async () => {
    answers.set("GET /v1/jobs/job_1/progress", [
      { status: 200, body: snapshot(1, 10) },
      { status: 200, body: { ...snapshot(2, 100), status: "completed" } },
    ]);
    answers.set("GET /v1/jobs/job_1", [{ status: 200, body: { job_id: "job_1", status: "completed" } }]);
    const seen: number[] = [];
    const onProgress = ({ progress_percentage }: ProgressSnapshot) => seen.push(progress_percentage);
    expect(await client.watchJob("job_1", { onProgress })).toMatchObject({ status: "completed" });
    expect(seen).toEqual([10, 100]);
  });

  it("stops watching when told to", async () => {
    answers.set("GET /v1/jobs/job_1/progress", [{ status: 200, body: snapshot(1, 10) }]);
    const stop = new AbortController();
    const watching = client.watchJob("job_1", {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await expect(watching).rejects.toThrow("enough");
  });
});

it("applies an update to what is known: changed fields, and only the tasks that changed", () => {
  const known = { ...snapshot(1, 10), tasks: [task("a", 5), task("b", 0)] };
  const updated = apply(known, {
    type: "update",
    sequence: 2,
    progress_percentage: 20,
    tasks: [task("b", 40)],
  });
  expect(updated).toMatchObject({ sequence: 2, progress_percentage: 20, status: "processing" });
  expect(updated?.tasks.map(({ percentage }) => percentage)).toEqual([5, 40]);
  expect(apply(undefined, { type: "update", sequence: 2 })).toBeUndefined();
});

function snapshot(sequence: number, percentage: number): ProgressSnapshot {
  return {
    job_id: "job_1",
    status: "processing",
    run: 1,
    outputs_failed: [],
    progress_percentage: percentage,
    current_stage: "validation",
    stage_percentage: 0,
    stage_details: {},
    resource_usage: null,
    stages: [],
    tasks: [],
    estimated_remaining: null,
    sequence,
    timestamp: "2026-01-01T00:00:00.000Z",
    worker_id: null,
  };
}

function task(id: string, percentage: number): ProgressSnapshot["tasks"][number] {
  return { task_id: id, kind: "image", stage: "validation", state: "leased", attempt: 1, percentage };
}
