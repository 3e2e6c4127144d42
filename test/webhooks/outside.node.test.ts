/** Deliveries and look-ups against real servers on this machine: ones that answer, and ones that do not behave. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { checkAddress, dnsOverHttps } from "../../src/webhooks/resolve.ts";
import { sendRequest, signRequest } from "../../src/webhooks/send.ts";
import type { TargetPolicy } from "../../src/webhooks/target.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
}

function send(url: URL, timeoutMs?: number) {
  const event = { id: "evt_1", type: "job.completed" as const };
  return sendRequest(signRequest(url, event, "{}", [SECRET], "00-1-2-01", Date.now()), timeoutMs);
}

/** Hangs up in the middle of its answer, once it has heard the request out: else its kernel would take the answer back. */
function breakOff(status: number): RequestListener {
  return (request, response) => {
    request.resume().on("end", () => {
      response.writeHead(status, { "Content-Length": "100" });
      response.write("half", () => response.destroy());
    });
  };
}

describe("a delivery to a receiver", () => {
  it("has 15 s, and nobody else sends it before they are over", () => {
    expect(LIMITS.webhookTimeoutMs).toBe(15_000);
    expect(LIMITS.deliveryLeaseMs).toBeGreaterThan(LIMITS.webhookTimeoutMs);
  });

  it("that accepts and never answers times out", async () => {
    const url = await serve(() => {});
    expect(await send(url, 150)).toEqual({ answered: false, error: "timeout" });
  });

  it("that said 200 has taken it, though what it says then never ends or breaks off", async () => {
    const endless = await serve((_, response) => void response.writeHead(200).write("half"));
    expect(await send(endless, 2_000)).toMatchObject({ answered: true, status: 200, response: "half" });
    expect(await send(await serve(breakOff(200)))).toMatchObject({ answered: true, status: 200 });
  });

  it("that said 500 has not, however it ends", async () => {
    expect(await send(await serve(breakOff(500)))).toMatchObject({ answered: true, status: 500 });
  });

  it("that answers without end is read no further than its first kilobyte", async () => {
    let written = 0;
    const url = await serve((_, response) => {
      const chunk = "x".repeat(64 * 1024);
      const more = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on("drain", more);
      more();
    });
    const result = await send(url);
    expect(result).toMatchObject({ answered: true, status: 200, response: "x".repeat(1_024) });
    expect(written).toBeLessThan(20_000_000);
  });

  it("that sends it elsewhere is not followed there", async () => {
    let visited = false;
    const inside = await serve((_, response) => {
      visited = true;
      response.end("secret");
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const url = await serve((_, response) => response.writeHead(status, { Location: inside.href }).end());
      expect(await send(url)).toMatchObject({ answered: true, status });
    }
    expect(visited).toBe(false);
  });

  it("that hangs up, or is not there, is a failure of the network", async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(await send(url)).toEqual({ answered: false, error: "network" });
    expect(await send(new URL("http://127.0.0.1:1/"))).toEqual({ answered: false, error: "network" });
  });
});

interface Answered {
  Status: number;
  Answer?: { name: string; type: number; data: string }[];
}

const A = 1;
const CNAME = 5;
const AAAA = 28;

/** What the resolver says of each name; a name that is not here does not exist (NXDOMAIN). */
const ZONE: Record<string, [type: number, data: string][]> = {
  "public.example.com": [
    [A, "93.184.216.34"],
    [AAAA, "2606:2800:220:1:248:1893:25c8:1946"],
  ],
  "only-v4.example.com": [[A, "93.184.216.34"]],
  "private.example.com": [[A, "10.0.0.7"]],
  "mixed.example.com": [
    [A, "93.184.216.34"],
    [A, "192.168.1.1"],
  ],
  "private-v6.example.com": [
    [A, "93.184.216.34"],
    [AAAA, "fd00::1"],
  ],
  "mapped.example.com": [[AAAA, "::ffff:10.0.0.1"]],
  "metadata.example.com": [[A, "169.254.169.254"]],
  "alias.example.com": [
    [CNAME, "edge.example.net."],
    [CNAME, "node.example.org."],
    [A, "93.184.216.34"],
  ],
  "alias-inside.example.com": [
    [CNAME, "db.internal."],
    [A, "10.1.2.3"],
  ],
  "alias-nowhere.example.com": [[CNAME, "gone.example.net."]],
  "text-only.example.com": [[16, '"10.0.0.1"']],
  "nonsense.example.com": [[A, "not an address"]],
};

function zoneResolver(): Promise<URL> {
  return serve((request, response) => {
    const url = new URL(request.url ?? "", "http://resolver");
    const name = url.searchParams.get("name") ?? "";
    const type = url.searchParams.get("type") === "AAAA" ? AAAA : A;
    if (request.headers.accept !== "application/dns-json") return void response.writeHead(415).end();
    const records = ZONE[name]?.filter(([each]) => each === type || (each !== A && each !== AAAA));
    const answer: Answered = records
      ? { Status: 0, Answer: records.map(([each, data]) => ({ name, type: each, data })) }
      : { Status: 3 };
    response.writeHead(200, { "Content-Type": "application/dns-json" }).end(JSON.stringify(answer));
  });
}

const POLICY: TargetPolicy = { allowLoopback: false, ports: [[443, 443]] };

describe("a name that is looked up over HTTP", () => {
  it.each<[string, "public" | "private" | "unresolved"]>([
    ["public.example.com", "public"],
    ["only-v4.example.com", "public"],
    ["alias.example.com", "public"],
    ["private.example.com", "private"],
    ["mixed.example.com", "private"],
    ["private-v6.example.com", "private"],
    ["mapped.example.com", "private"],
    ["metadata.example.com", "private"],
    ["alias-inside.example.com", "private"],
    ["nonsense.example.com", "private"],
    ["alias-nowhere.example.com", "unresolved"],
    ["text-only.example.com", "unresolved"],
    ["nobody.example.com", "unresolved"],
  ])("%s is %s", async (name, expected) => {
    const resolve = dnsOverHttps((await zoneResolver()).href);
    expect(await checkAddress(new URL(`https://${name}/in`), POLICY, resolve)).toBe(expected);
  });

  it.each<[string, RequestListener]>([
    ["fails", (_, response) => response.writeHead(500).end()],
    ["answers no JSON", (_, response) => response.end("<html>")],
    ["answers another shape", (_, response) => response.end('{"Answer": "10.0.0.1"}')],
    ["hangs up", (request) => request.socket.destroy()],
    ["does not answer", () => {}],
    [
      "answers for one family only",
      (request, response) => {
        if (request.url?.includes("AAAA")) return void response.writeHead(502).end();
        response.end('{"Status": 0, "Answer": [{"name": "x", "type": 1, "data": "93.184.216.34"}]}');
      },
    ],
  ])("is not spoken to while the resolver %s", async (_, listener) => {
    const resolve = dnsOverHttps((await serve(listener)).href, 200);
    expect(await checkAddress(new URL("https://hooks.example.com/"), POLICY, resolve)).toBe("unresolved");
  });

  it("is not spoken to while there is no resolver where one should be", async () => {
    const resolve = dnsOverHttps("http://127.0.0.1:1/dns-query");
    expect(await checkAddress(new URL("https://hooks.example.com/"), POLICY, resolve)).toBe("unresolved");
  });
});
