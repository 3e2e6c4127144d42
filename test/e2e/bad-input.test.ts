import { request } from "node:http";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProblemDocument } from "../../src/client/problem.ts";
import type { Job } from "../../src/client/resources.ts";
import { client, develop, key, url } from "./service.ts";

let jpeg: Buffer<ArrayBuffer>;
let mine: Job;
let before: unknown;

beforeAll(async () => {
  jpeg = Buffer.from(
    await sharp({ create: { width: 900, height: 600, channels: 3, background: "#946" } })
      .jpeg()
      .toBuffer(),
  );
  mine = (await develop(jpeg, "mine.jpg")).job;
  before = await everything();
});

afterAll(async () => {
  expect(await everything()).toEqual(before);
});

/** What an owner has. A refused request must not add to it. */
async function everything() {
  const read = async (path: string) => (await client.download(path)).json();
  return [await read("/v1/media?limit=100"), await read("/v1/jobs?limit=100")];
}

interface Sent {
  body?: BodyInit;
  headers?: Record<string, string>;
  method?: string;
  path?: string;
}

/** On a connection of its own: one whose request was refused before it was read is closed by the server. */
function send({ body, headers, method = "POST", path = "/v1/jobs" }: Sent): Promise<Response> {
  return fetch(new URL(path, url), {
    method,
    body,
    headers: { Authorization: `Bearer ${key}`, Connection: "close", ...headers },
  });
}

async function expectProblem(response: Response, status: number, code: string): Promise<ProblemDocument> {
  const problem = (await response.json()) as ProblemDocument;
  expect({ status: response.status, type: problem.type }).toEqual({ status, type: `/problems/${code}` });
  expect(response.headers.get("Content-Type")).toContain("application/problem+json");
  expect(problem.detail.length).toBeGreaterThan(10);
  expect(problem.request_id).toMatch(/^req_/);
  expect(JSON.stringify(problem)).not.toMatch(/\bat \S+:\d+|SQLITE|node_modules|incoming\//);
  return problem;
}

function formWith(
  fields: Record<string, string>,
  ...files: [string, string | Uint8Array<ArrayBuffer>][]
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  for (const [name, bytes] of files) form.append("input_file", new Blob([bytes]), name);
  return form;
}

const asking = (outputs: unknown) =>
  formWith({ output_specifications: JSON.stringify(outputs) }, ["photo.jpg", jpeg]);

describe("the body", () => {
  it("is refused when it is empty", async () => {
    await expectProblem(await send({}), 400, "empty_body");
  });

  it("is refused when it is JSON that is not JSON", async () => {
    const headers = { "Content-Type": "application/json" };
    await expectProblem(await send({ body: '{"media_id": ', headers }), 400, "malformed_json");
  });

  it("is refused without a file, with two files and with an empty one", async () => {
    await expectProblem(await send({ body: formWith({ priority: "high" }) }), 422, "missing_file");
    const two = formWith({}, ["a.jpg", jpeg], ["b.jpg", jpeg]);
    await expectProblem(await send({ body: two }), 422, "too_many_files");
    await expectProblem(await send({ body: formWith({}, ["a.jpg", ""]) }), 422, "empty_file");
  });

  it("is refused when a multipart body ends in the middle", async () => {
    const headers = { "Content-Type": "multipart/form-data; boundary=x" };
    const body = '--x\r\nContent-Disposition: form-data; name="input_file"; filename="a.jpg"\r\n\r\nabc';
    await expectProblem(await send({ body, headers }), 400, "malformed_multipart");
  });

  it("is refused when it is too long, by its declared length", async () => {
    expect(await sendTooMuch({ declared: true })).toBe(413);
  });

  it("is refused when it turns out too long while streaming", async () => {
    expect([413, "cut off"]).toContain(await sendTooMuch({ declared: false }));
  });
});

/**
 * Sends 101 MB on a connection of its own. Resolves with the status, or with `cut off` when the connection ended
 * while there was still more to send: HTTP/1.1 has no other way to stop a sender early (RFC 9112, section 9.5).
 */
async function sendTooMuch({ declared }: { declared: boolean }): Promise<number | "cut off"> {
  const form = formWith({}, ["big.jpg", Buffer.concat([jpeg, new Uint8Array(101_000_000)])]);
  const whole = new Response(form);
  const type = whole.headers.get("Content-Type") ?? "";
  const body = Buffer.from(await whole.arrayBuffer());
  const length = declared
    ? { "Content-Length": String(body.byteLength) }
    : { "Transfer-Encoding": "chunked" };
  return await new Promise((resolve) => {
    const asked = request(new URL("/v1/jobs", url), {
      method: "POST",
      agent: false,
      headers: { Authorization: `Bearer ${key}`, "Content-Type": type, ...length },
    });
    asked.once("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once("error", () => resolve("cut off"));
    asked.end(body);
  });
}

describe("an output specification", () => {
  it.each([
    ["an unknown field", [{ format: "webp", wdith: 10 }], "wdith"],
    ["an unknown preset", [{ preset: "tiny" }], "preset"],
    ["an unknown format", [{ format: "bmp" }], "format"],
    ["a width of nothing", [{ width: 0 }], "width"],
    ["a width beyond all bounds", [{ width: 20_000 }], "width"],
    ["a width that is a word", [{ width: "wide" }], "width"],
    ["eleven outputs", Array.from({ length: 11 }, (_, n) => ({ width: n + 1 })), "output_specifications"],
    ["no output at all", [], "output_specifications"],
    ["a name that climbs", [{ name: "../../etc/passwd", width: 10 }], "name"],
    ["a name with a slash", [{ name: "a/b.webp", width: 10 }], "name"],
    [
      "two outputs of one name",
      [
        { name: "a.webp", width: 1 },
        { name: "a.webp", width: 2 },
      ],
      "name",
    ],
    ["a video format for a photo", [{ format: "mp4" }], "format"],
  ])("with %s is refused, with the field named", async (_, outputs, field) => {
    const problem = await expectProblem(await send({ body: asking(outputs) }), 422, "invalid_request");
    expect(JSON.stringify(problem.errors)).toContain(field);
  });

  it("that is not JSON is refused", async () => {
    const body = formWith({ output_specifications: "thumbnail" }, ["photo.jpg", jpeg]);
    const problem = (await (await send({ body })).json()) as ProblemDocument;
    expect([400, 422]).toContain(problem.status);
  });

  it("with an unknown priority is refused", async () => {
    const body = formWith({ priority: "asap" }, ["photo.jpg", jpeg]);
    await expectProblem(await send({ body }), 422, "invalid_request");
  });
});

describe("a file", () => {
  it("of text that is named .jpg is refused", async () => {
    const response = await send({ body: formWith({}, ["photo.jpg", "Dear photo, how are you?"]) });
    expect(response.status).toBe(415);
    await response.arrayBuffer();
  });

  it("that is half a JPEG is refused", async () => {
    const half = jpeg.subarray(0, jpeg.byteLength / 2);
    await expectProblem(await send({ body: formWith({}, ["photo.jpg", half]) }), 422, "corrupt_image");
  });

  it("that claims 60000×60000 pixels is refused before it is decoded", async () => {
    const png = await sharp({ create: { width: 1, height: 1, channels: 3, background: "#000" } })
      .png()
      .toBuffer();
    const bomb = Buffer.from(png);
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    const response = await send({ body: formWith({}, ["bomb.png", bomb]) });
    expect(response.status).toBe(422);
    await response.arrayBuffer();
  });
});

describe("a key", () => {
  it("that is missing or wrong opens nothing", async () => {
    await expectProblem(await fetch(new URL("/v1/jobs", url)), 401, "unauthenticated");
    const headers = { Authorization: "Bearer dr_wrong" };
    await expectProblem(await send({ method: "GET", headers }), 401, "unauthenticated");
  });

  it("of another owner sees nothing of this one", async () => {
    const made = await send({
      path: "/v1/keys",
      body: JSON.stringify({ owner: "stranger", name: "e2e", scopes: ["read", "write"] }),
      headers: { "Content-Type": "application/json" },
    });
    const stranger = (await made.json()) as { key: string };
    const headers = { Authorization: `Bearer ${stranger.key}` };
    for (const path of [`/v1/jobs/${mine.job_id}`, `/v1/media/${mine.media_id}`]) {
      await expectProblem(await send({ method: "GET", path, headers }), 404, "not_found");
    }
    await expectProblem(
      await send({ method: "DELETE", path: `/v1/jobs/${mine.job_id}`, headers }),
      404,
      "not_found",
    );
    const output = await send({ method: "GET", path: `/outputs/${mine.job_id}/thumbnail.webp`, headers });
    expect(output.status).toBe(404);
  });
});

describe("a path", () => {
  it.each([
    "/v1/jobs/job_nothing",
    "/v1/media/..%2f..%2fkeys",
    "/outputs/job_nothing/..%2f..%2fincoming",
    "/play/job_nothing/%2e%2e/master.m3u8",
    "/nowhere",
  ])("to nothing is a problem: %s", async (path) => {
    const response = await send({ method: "GET", path });
    expect(response.status).toBe(404);
    expect(response.headers.get("Content-Type")).toContain("application/problem+json");
  });

  it("with a method it does not have says which it has", async () => {
    const response = await send({ method: "PATCH" });
    expect(response.headers.get("Allow")).toContain("POST");
    await expectProblem(response, 405, "method_not_allowed");
  });
});
