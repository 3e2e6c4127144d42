/** The world outside: an endpoint that takes multipart files, and a store that speaks S3 and checks every signature. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { problemOfSignature } from "../shipping/signature-v4.ts";

export interface Taken {
  path: string;
  headers: Headers;
  body: Buffer;
}

export interface Receiver {
  url: string;
  taken: Taken[];
  close(): void;
}

/** A server on this machine that notes what it is sent; `answer` says how each request ends. */
export async function startReceiver(
  answer: (taken: Taken, count: number) => { status: number; headers?: Record<string, string> },
): Promise<Receiver> {
  const taken: Taken[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = new Headers(request.headers as Record<string, string>);
    const one = { path: request.url ?? "", headers, body: Buffer.concat(chunks) };
    taken.push(one);
    const { status, headers: answered } = answer(one, taken.length);
    response.writeHead(status, answered).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, taken, close: () => server.close() };
}

export const STORE = {
  region: "eu-test-1",
  bucket: "pictures",
  accessKeyId: "AKIDTEST",
  secret: "a/secret+key",
};

/** An S3-compatible store with one bucket: refuses whatever is not signed with its key, or is not what was signed. */
export async function startStore(): Promise<Receiver & { problems: string[] }> {
  const problems: string[] = [];
  const receiver = await startReceiver(({ path, headers, body }) => {
    const request = { method: "PUT", url: `http://${headers.get("host")}${path}`, headers, body };
    const length = Number(headers.get("content-length"));
    const problem =
      problemOfSignature(request, STORE.secret, STORE.region) ??
      (length === body.length ? undefined : `Content-Length ${length} of ${body.length} bytes`);
    if (problem !== undefined) problems.push(`${path}: ${problem}`);
    return { status: problem === undefined ? 200 : 403 };
  });
  return { ...receiver, problems };
}
