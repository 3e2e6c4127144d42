/** Multipart bodies, well made and otherwise, and what must be true of a refusal. */
import { expect } from "vitest";
import { ask, rowCounts, storedKeys } from "../fixtures/app.ts";
import { concat } from "../fixtures/images.ts";

export const BOUNDARY = "darkroom-test-boundary";
const encoder = new TextEncoder();

interface Part {
  name: string;
  filename?: string;
  type?: string;
  body: string | Uint8Array;
}

export function file(body: string | Uint8Array, filename = "photo.jpg", type = "image/jpeg"): Part {
  return { name: "input_file", filename, type, body };
}

export function outputs(specifications: unknown): Part {
  return { name: "output_specifications", body: JSON.stringify(specifications) };
}

/** The bytes of a multipart body, with its closing boundary. */
export function multipart(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const encoded = parts.map(({ name, filename, type, body }) => {
    const name2 = filename === undefined ? "" : `; filename="${filename}"`;
    const typeLine = type === undefined ? "" : `Content-Type: ${type}\r\n`;
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${name2}\r\n${typeLine}\r\n`;
    return concat(encoder.encode(head), typeof body === "string" ? encoder.encode(body) : body, [13, 10]);
  });
  return concat(...encoded, encoder.encode(`--${BOUNDARY}--\r\n`));
}

/** Sends a job as multipart; a stream is sent without a length. */
export async function send(
  headers: Record<string, string>,
  body: readonly Part[] | Uint8Array | ReadableStream<Uint8Array>,
): Promise<Response> {
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  const bytes = Array.isArray(body) ? multipart(body) : (body as BodyInit);
  return await ask("/v1/jobs", {
    method: "POST",
    headers: { ...headers, "Content-Type": type },
    body: bytes,
  });
}

export async function sendJson(headers: Record<string, string>, body: unknown): Promise<Response> {
  return await ask("/v1/jobs", {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** A body that arrives in pieces of this many bytes. */
export function inPieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  timestamp: string;
  request_id: string;
  suggested_action: string;
  errors?: { path: string; message: string }[];
}

/** Reads a problem document and holds it to what every one of them must say. */
export async function problemOf(response: Response, status: number, code: string): Promise<Problem> {
  const text = await response.text();
  expect({ status: response.status, text }).toEqual({ status, text: expect.stringContaining(code) });
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  const problem: Problem = JSON.parse(text);
  expect(problem).toMatchObject({
    type: `/problems/${code}`,
    title: expect.stringMatching(/\w/),
    status,
    detail: expect.stringMatching(/\w.*[.?]$/s),
    instance: expect.stringMatching(/^\//),
    request_id: response.headers.get("X-Request-Id"),
    suggested_action: expect.stringMatching(/\w/),
  });
  expect(Date.parse(problem.timestamp)).not.toBeNaN();
  expect(text).not.toMatch(/SQLITE|D1_ERROR|\bat \w+ \(|drizzle|node_modules/);
  return problem;
}

/** No object and no row: as if the request had never come. */
export async function expectNothingBehind(): Promise<void> {
  expect(await rowCounts()).toEqual({});
  expect(await storedKeys()).toEqual([]);
}
