import { beforeAll, describe, expect, it } from "vitest";
import { app } from "../../src/app.ts";
import { progressDocument } from "../../src/jobs/progress-document.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { ask, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, finished, outputOf, rowsOf, submit } from "../fixtures/jobs.ts";
import { problemOf } from "../submission/sending.ts";

let key: { Authorization: string };
const jobIds: string[] = [];

/** Five jobs, of which the oldest is completed; none has a ticket. */
beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
  for (let n = 0; n < 5; n++) {
    const priority = n < 2 ? "urgent" : "low";
    const tasks = [{ kind: "transcode", lane: "container-long" } as const];
    jobIds.unshift((await submit({ priority, createdAtMs: Date.UTC(2026, 0, 1 + n), tasks })).job.id);
  }
  const claimed = await claimOne(Date.now(), "container-long");
  await finishTask(testEnv.DB, claimed.lease, finished([outputOf(claimed)]), Date.now());
});

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(path, { headers: { ...key, ...headers } });

describe("the list of jobs", () => {
  async function idsOf(query: string): Promise<string[]> {
    const page = (await (await get(`/v1/jobs?${query}`)).json()) as { jobs: { job_id: string }[] };
    return page.jobs.map(({ job_id }) => job_id);
  }

  it("comes newest first, page by page, each job once", async () => {
    const seen: string[] = [];
    let next: string | undefined = "https://darkroom.test/v1/jobs?limit=2";
    while (next !== undefined) {
      const page: Response = await get(next);
      seen.push(...((await page.json()) as { jobs: { job_id: string }[] }).jobs.map(({ job_id }) => job_id));
      next = /<(.*)>; rel="next"/.exec(page.headers.get("Link") ?? "")?.[1];
    }
    expect(seen).toEqual(jobIds);
  });

  it("can be narrowed", async () => {
    expect(await idsOf("status=completed")).toEqual([jobIds[4]]);
    expect(await idsOf("priority=urgent")).toEqual(jobIds.slice(3));
    expect(await idsOf("kind=video")).toEqual([]);
    expect(await idsOf("created_after=2026-01-04T00:00:00Z")).toEqual(jobIds.slice(0, 2));
    expect(await idsOf("created_before=2026-01-02T00:00:00%2B00:00")).toEqual([jobIds[4]]);
  });

  it.each([
    "limit=0",
    "limit=101",
    "limit=x",
    "status=lost",
    "cursor=med_1",
    "created_after=today",
    "sort=asc",
  ])("refuses %s by name", async (query) => {
    const { errors } = await problemOf(await get(`/v1/jobs?${query}`), 422, "invalid_request");
    expect(errors?.[0]?.path).toBe(query.split("=")[0]);
  });
});

describe("a job", () => {
  it.each([
    ["application/json", "application/json", /"output_specifications"/],
    [
      "application/json; compact=true",
      "application/json; compact=true",
      /^\{"job_id":"[^"]+","status":"completed","progress_percentage":100,"outputs":\[/,
    ],
    ["application/xml", "application/xml", /^<\?xml.*<job><job_id>.*<status>completed<\/status>/s],
    ["text/plain", "text/plain; charset=utf-8", /^job_\w+ completed 100\.0%\n$/],
    ["text/html, text/plain;q=0.5, */*;q=0.1", "text/plain; charset=utf-8", /completed/],
    ["*/*", "application/json", /"output_specifications"/],
  ])("is read as %s", async (accept, type, body) => {
    const response = await get(`/v1/jobs/${jobIds[4]}`, { Accept: accept });
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, type]);
    expect(await response.text()).toMatch(body);
    expect(response.headers.get("Vary")).toContain("Accept");
  });

  it("is not read as anything else", async () => {
    await problemOf(await get(`/v1/jobs/${jobIds[4]}`, { Accept: "text/html" }), 406, "not_acceptable");
    await problemOf(
      await get(`/v1/jobs/${jobIds[4]}`, { Accept: "application/json;q=0" }),
      406,
      "not_acceptable",
    );
  });

  it("is not sent again to who has it", async () => {
    const etag = String((await get(`/v1/jobs/${jobIds[4]}`)).headers.get("ETag"));
    expect((await get(`/v1/jobs/${jobIds[4]}`, { "If-None-Match": etag })).status).toBe(304);
    expect((await ask(`/v1/jobs/${jobIds[4]}`, { method: "HEAD", headers: key })).status).toBe(200);
  });

  it("is cancelled, stopped by force, or removed", async () => {
    const remove = (id = "", query = "") => ask(`/v1/jobs/${id}${query}`, { method: "DELETE", headers: key });
    expect(await (await remove(jobIds[0])).json()).toEqual({ job_id: jobIds[0], status: "cancelled" });
    expect(await (await remove(jobIds[0])).json()).toEqual({ job_id: jobIds[0], status: "deleted" });
    await problemOf(await remove(jobIds[0]), 404, "not_found");
    await claimOne(Date.now(), "container-long");
    expect(await rowsOf("jobs", `id = '${jobIds[3]}'`)).toMatchObject([{ status: "processing" }]);
    expect((await problemOf(await remove(jobIds[3]), 409, "conflict")).detail).toContain("force=true");
    expect((await remove(jobIds[3], "?force=true")).status).toBe(202);
  });
});

describe("every route", () => {
  it("unknown is a problem, and a wrong method names the right ones", async () => {
    await problemOf(await ask("/nothing"), 404, "not_found");
    await problemOf(await get("/v1/nothing"), 404, "not_found");
    for (const [method, path, allow] of [
      ["PUT", "/v1/jobs", "GET, HEAD, POST"],
      ["POST", `/v1/jobs/${jobIds[4]}`, "DELETE, GET, HEAD"],
      ["POST", "/healthz", "GET, HEAD"],
    ] as const) {
      const response = await ask(path, { method, headers: key });
      expect(response.headers.get("Allow")).toBe(allow);
      await problemOf(response, 405, "method_not_allowed");
    }
  });

  it("keeps the id that a request came with, unless it is not one", async () => {
    const echoed = await get("/v1/jobs", { "X-Request-Id": "my-request-7" });
    expect(echoed.headers.get("X-Request-Id")).toBe("my-request-7");
    const replaced = await get("/v1/jobs", { "X-Request-Id": "a b<script>" });
    expect(replaced.headers.get("X-Request-Id")).toMatch(/^req_/);
  });

  it("is described", async () => {
    const document = (await (await ask("/openapi.json")).json()) as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(document.openapi).toMatch(/^3\.1/);
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, "*")}`),
    );
    const routes = app.routes
      .filter(({ method, path }) => method !== "ALL" && /^\/(v1|outputs|play|healthz|readyz)/.test(path))
      .map(({ method, path }) => `${method} ${path.replace(/:\w+(\{[^}]*\})?/g, "*")}`);
    expect(routes.length).toBeGreaterThan(15);
    expect(routes.filter((route) => !described.includes(route))).toEqual([]);
  });

  it("is described with the problems that it answers with", async () => {
    type Answers = Record<string, { description: string; content?: Record<string, unknown> }>;
    const { paths, components } = (await (await ask("/openapi.json")).json()) as {
      paths: Record<string, Record<string, { responses: Answers }>>;
      components: { schemas: { Problem: { properties: object } } };
    };
    for (const [path, item] of Object.entries(paths)) {
      for (const [method, { responses }] of Object.entries(item)) {
        const problems = Object.values(responses).filter(
          ({ content }) => content && "application/problem+json" in content,
        );
        expect(problems.length, `${method} ${path}`).toBeGreaterThan(0);
      }
    }
    const of = (path: string, method: string) => Object.keys(paths[path]?.[method]?.responses ?? {});
    expect(of("/v1/jobs/{id}", "get")).toEqual(expect.arrayContaining(["200", "401", "403", "404", "429"]));
    expect(of("/v1/jobs", "post")).toEqual(
      expect.arrayContaining(["201", "400", "401", "409", "413", "415", "422", "429"]),
    );
    const answer = await get("/v1/jobs/job_none");
    expect(of("/v1/jobs/{id}", "get")).toContain(String(answer.status));
    const problem = (await answer.json()) as object;
    expect(Object.keys(components.schemas.Problem.properties)).toEqual(
      expect.arrayContaining(Object.keys(problem)),
    );
  });

  it("describes progress as it is answered", async () => {
    // Some may have been removed by the tests above.
    const answers = await Promise.all(jobIds.map((jobId) => get(`/v1/jobs/${jobId}/progress`)));
    const shown = answers.filter(({ ok }) => ok);
    expect(shown.length).toBeGreaterThan(1);
    for (const answer of shown) {
      const progress: unknown = await answer.json();
      expect(progressDocument.parse(progress)).toEqual(progress);
    }
  });

  it("refuses a body that does not fit with a problem, keys and sessions too", async () => {
    const admin = await keyFor("root", ["admin"]);
    const post = (path: string, body: string) =>
      ask(path, { method: "POST", headers: { ...admin, "Content-Type": "application/json" }, body });
    const { errors } = await problemOf(await post("/v1/keys", '{"owner":"a b"}'), 422, "invalid_request");
    expect(errors?.map(({ path }) => path)).toEqual(expect.arrayContaining(["owner", "name", "scopes"]));
    await problemOf(await post("/v1/keys", "{"), 400, "malformed_json");
    await problemOf(await post("/session", '{"key":7}'), 422, "invalid_request");
    await problemOf(await get("/v1/jobs/%E0%A4%A"), 404, "not_found");
  });

  it("answers whether the service is up", async () => {
    expect(await (await ask("/healthz")).json()).toEqual({ status: "ok" });
    expect(await (await ask("/readyz")).json()).toEqual({ status: "ok", parts: { d1: "ok", r2: "ok" } });
  });
});
