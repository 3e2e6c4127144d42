import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StoredObject {
  bytes: Buffer;
  type: string;
}

/** A small object store over HTTP on loopback: GET with Range, PUT. */
export interface ObjectStore {
  url: (key: string) => string;
  objects: Map<string, StoredObject>;
  /** Method and path of every request. */
  requests: string[];
  /** Answers the next PUTs with this status instead of storing. */
  failPuts: (status: number, times: number) => void;
  /** Resolves when an object with such a key has been stored. */
  stored: (key: RegExp) => Promise<string>;
  /** Keys that are answered with a redirect to a URL. */
  redirects: Map<string, string>;
  /** Resolves when such an object is asked for; the answer never comes. */
  stall: (key: string) => Promise<void>;
  close: () => Promise<void>;
}

export async function startObjectStore(): Promise<ObjectStore> {
  const objects = new Map<string, StoredObject>();
  const requests: string[] = [];
  const waiting: { key: RegExp; resolve: (key: string) => void }[] = [];
  const redirects = new Map<string, string>();
  const stalled = new Map<string, () => void>();
  const failing = { status: 500, times: 0 };

  function get(key: string, request: IncomingMessage, response: ServerResponse): void {
    const stall = stalled.get(key);
    if (stall !== undefined) {
      stall();
      return;
    }
    const location = redirects.get(key);
    if (location !== undefined) return void response.writeHead(302, { location }).end();
    const object = objects.get(key);
    if (object === undefined) return void response.writeHead(404).end();
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const total = object.bytes.length;
    if (range === null) {
      response.writeHead(200, { "accept-ranges": "bytes", "content-length": total }).end(object.bytes);
      return;
    }
    const first = Number(range[1]);
    const last =
      range[2] === "" || range[2] === undefined ? total - 1 : Math.min(Number(range[2]), total - 1);
    if (first >= total) return void response.writeHead(416, { "content-range": `bytes */${total}` }).end();
    const slice = object.bytes.subarray(first, last + 1);
    const headers = { "content-range": `bytes ${first}-${last}/${total}`, "content-length": slice.length };
    response.writeHead(206, headers).end(slice);
  }

  async function put(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (failing.times-- > 0) return void response.writeHead(failing.status).end();
    const bytes = Buffer.concat(chunks);
    if (request.headers["content-length"] !== String(bytes.length)) return void response.writeHead(411).end();
    objects.set(key, { bytes, type: request.headers["content-type"] ?? "" });
    response.writeHead(201).end();
    for (const wait of waiting.filter((each) => each.key.test(key))) wait.resolve(key);
  }

  const server = createServer((request, response) => {
    const key = decodeURIComponent((request.url ?? "/").split("?")[0]?.slice(1) ?? "");
    requests.push(`${request.method} /${key}`);
    if (request.method === "PUT") void put(key, request, response).catch(() => response.destroy());
    else get(key, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: (key) => `http://127.0.0.1:${port}/${key}`,
    objects,
    redirects,
    requests,
    failPuts: (status, times) => void Object.assign(failing, { status, times }),
    stored: (key) => new Promise((resolve) => waiting.push({ key, resolve })),
    stall: (key) => new Promise((resolve) => stalled.set(key, resolve)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
