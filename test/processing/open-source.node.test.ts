import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MediaError } from "../../src/errors.ts";
import { openSource, type SourceContext } from "../../src/processing/open-source.ts";

/** What a host can do to whoever fetches from it, by path. */
const HOST: Record<string, RequestListener> = {
  "/photo.jpg": (_, answer) => answer.setHeader("Content-Type", "image/jpeg").end("0123456789"),
  "/there": (_, answer) => answer.writeHead(302, { Location: "/photo.jpg" }).end(),
  "/twice": (_, answer) => answer.writeHead(307, { Location: "/there" }).end(),
  "/round": (_, answer) => answer.writeHead(301, { Location: "/round" }).end(),
  "/nowhere": (_, answer) => answer.writeHead(302).end(),
  "/inside": (_, answer) =>
    answer.writeHead(302, { Location: "http://169.254.169.254/latest/meta-data" }).end(),
  "/intranet": (_, answer) => answer.writeHead(302, { Location: "https://10.0.0.1/" }).end(),
  "/plain": (_, answer) => answer.writeHead(302, { Location: "http://files.example.com/" }).end(),
  "/passwords": (_, answer) => answer.writeHead(302, { Location: "file:///etc/passwd" }).end(),
  "/gone": (_, answer) => answer.writeHead(410).end("gone"),
  "/secret": (_, answer) => answer.writeHead(401).end(),
  "/broken": (_, answer) => answer.writeHead(500).end("oops"),
  "/busy": (_, answer) => answer.writeHead(503, { "Retry-After": "7" }).end(),
  "/large": (_, answer) => answer.writeHead(200, { "Content-Length": "5000" }).flushHeaders(),
  "/endless": (request, answer) => {
    const pour = () => {
      while (!request.destroyed && answer.write(Buffer.alloc(400)));
    };
    answer.on("drain", pour);
    pour();
  },
  "/liar": (_, answer) => {
    answer.writeHead(200, { "Content-Length": "900" });
    answer.write("only this", () => answer.destroy());
  },
  "/silent": () => undefined,
  "/dribble": (_, answer) => void answer.write("one byte, and then nothing"),
};

let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer((request, answer) => HOST[request.url ?? ""]?.(request, answer));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const AT_HOME: SourceContext = {
  policy: { allowLoopback: true, ports: [[443, 443]] },
  resolve: undefined,
  limits: { maxBytes: 1_000, timeoutMs: 3_000, stallMs: 400 },
};

async function fetched(path: string, context = AT_HOME): Promise<string> {
  const source = await openSource(path.startsWith("/") ? origin + path : path, context);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function problem(path: string, context = AT_HOME): Promise<MediaError> {
  return await fetched(path, context).then(
    () => expect.fail("it was fetched"),
    (error: MediaError) => error,
  );
}

describe("a source", () => {
  it("is read as it comes, with its name and what its host says of it", async () => {
    expect(await openSource(`${origin}/photo.jpg`, AT_HOME)).toMatchObject({
      filename: "photo.jpg",
      contentType: "image/jpeg",
      declaredBytes: 10,
    });
    expect(await fetched("/photo.jpg")).toBe("0123456789");
  });

  it.each(["/there", "/twice"])("is followed to where it went: %s", async (path) => {
    expect(await fetched(path)).toBe("0123456789");
  });

  it.each(["/round", "/nowhere", "/gone", "/secret", "/never-heard-of"])(
    "is not to be had: %s",
    async (path) => {
      if (path === "/never-heard-of") HOST[path] = (_, answer) => answer.writeHead(404).end();
      expect(await problem(path)).toMatchObject({ code: "source_unavailable", class: "input" });
    },
  );

  it.each(["/inside", "/intranet", "/plain", "/passwords"])("leads nobody astray: %s", async (path) => {
    expect(await problem(path)).toMatchObject({ code: "source_unavailable" });
  });

  it.each([
    "http://files.example.com/a.jpg",
    "https://user:secret@files.example.com/",
    "https://localhost/",
    "https://127.0.0.1/",
    "https://0x7f000001/",
    "https://[::ffff:10.0.0.1]/",
    "https://files.example.com:22/",
    "ftp://files.example.com/",
  ])("is nothing that a webhook could not be sent to: %s", async (url) => {
    const outside = { ...AT_HOME, policy: { ...AT_HOME.policy, allowLoopback: false } };
    expect(await problem(url, outside)).toMatchObject({ code: "source_unavailable" });
  });

  it("is judged by the address of its name as well", async () => {
    const at = (addresses: string[]) => ({ ...AT_HOME, resolve: async () => addresses });
    const url = "https://files.example.com/a.jpg";
    expect(await problem(url, at(["93.184.216.34", "10.0.0.1"]))).toMatchObject({
      code: "source_unavailable",
    });
    expect(await problem(url, at([]))).toMatchObject({ code: "source_failed" });
  });

  it("is tried again when its host is at fault, and not before it says", async () => {
    expect(await problem("/broken")).toMatchObject({ code: "source_failed", class: "dependency" });
    expect(await problem("/busy")).toMatchObject({ code: "source_failed", retryAfterMs: 7_000 });
    expect(await problem("http://127.0.0.1:9/")).toMatchObject({ code: "source_failed" });
  });

  it("has a size, by what its host says and by what comes", async () => {
    expect(await problem("/large")).toMatchObject({ code: "payload_too_large", class: "input" });
    expect(await problem("/endless")).toMatchObject({ code: "payload_too_large" });
  });

  it("that breaks off, or keeps one waiting, has failed", async () => {
    expect(await problem("/liar")).toMatchObject({ code: "source_failed" });
    expect((await problem("/silent")).message).toContain("did not answer in time");
    expect((await problem("/dribble")).message).toContain("too slowly");
  });

  it("has to be there within its whole time, however steadily it trickles", async () => {
    HOST["/trickle"] = (request, answer) => {
      const timer = setInterval(() => answer.write("."), 50);
      request.on("close", () => clearInterval(timer));
    };
    const hasty = { ...AT_HOME, limits: { ...AT_HOME.limits, timeoutMs: 500 } };
    expect(await problem("/trickle", hasty)).toMatchObject({ code: "source_failed" });
  });
});
