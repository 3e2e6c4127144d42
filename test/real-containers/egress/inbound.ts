import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Egress } from "./outbound.ts";

/** Tunnels from the runtime to ports of the container, and the runtime's word on what may leave. */
export function listenForRuntime(address: string, egress: Egress): void {
  const server = createServer(async (request, response) => {
    if (request.method === "GET" && request.url === "/ca") {
      response.end(readFileSync("/ca/ca.crt"));
    } else if (request.method === "PUT" && request.url === "/egress") {
      learn(egress, await bodyOf(request));
      response.writeHead(204).end();
    } else {
      response.writeHead(404).end();
    }
  });
  server.on("connect", (request, tunnel, head) => {
    const [host, port] = splitAddress(String(request.headers["x-dst-addr"]));
    const inside = connect(Number(port), host);
    const refuse = () => tunnel.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    inside.once("error", refuse);
    inside.once("connect", () => {
      inside.off("error", refuse);
      inside.on("error", () => tunnel.destroy());
      tunnel.on("error", () => inside.destroy());
      tunnel.write("HTTP/1.1 200 OK\r\n\r\n");
      inside.write(head);
      tunnel.pipe(inside).pipe(tunnel);
    });
  });
  const [host, port] = splitAddress(address);
  server.listen(Number(port), host);
}

function learn(egress: Egress, told: { port?: number; dns?: { allowHostnames?: string[] } }): void {
  if (told.port !== undefined) egress.port = told.port;
  if (told.dns?.allowHostnames) egress.allowedNames = told.dns.allowHostnames;
  console.log("egress", JSON.stringify(told));
}

async function bodyOf(request: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

function splitAddress(address: string): [host: string, port: string] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon).replace(/^\[|\]$/g, ""), address.slice(colon + 1)];
}
