import { request } from "node:http";
import { createServer, type Socket } from "node:net";

/** What the runtime said of the way out. */
export interface Egress {
  /** Where the runtime listens for tunnels, on the host. */
  port: number;
  /** Names that may be asked for; `*` in a name stands for anything. */
  allowedNames: string[];
}

/** The address that every allowed name has: who is meant is told by the `Host` header. */
export const PLACEHOLDER_ADDRESS = "11.0.0.1";
const MAX_HEAD_BYTES = 64 * 1024;

/** Takes the container's HTTP connections, and asks the runtime to speak for whom they are meant. */
export function listenForContainer(port: number, egress: Egress): void {
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    let head = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0 && head.length <= MAX_HEAD_BYTES) return;
      socket.off("data", read).pause();
      const host = /^host:[ \t]*(\S+)/im.exec(head.subarray(0, Math.max(0, end)).toString("latin1"))?.[1];
      if (host === undefined) socket.resetAndDestroy();
      else tunnel(socket, head, host, egress);
    };
    socket.on("data", read);
  }).listen(port, "127.0.0.1");
}

function tunnel(socket: Socket, head: Buffer, host: string, egress: Egress): void {
  const target = `${PLACEHOLDER_ADDRESS}:80`;
  const asked = request({
    host: "host.docker.internal",
    port: egress.port,
    method: "CONNECT",
    path: target,
    headers: { Host: target, "X-Hostname": host, "X-Proto": "tcp", "X-Forwarded-For": "127.0.0.1:80" },
  });
  asked.on("error", () => socket.resetAndDestroy());
  asked.on("connect", (response, outside) => {
    if ((response.statusCode ?? 500) >= 300) {
      socket.resetAndDestroy();
      return;
    }
    outside.on("error", () => socket.destroy());
    outside.write(head);
    socket.pipe(outside).pipe(socket);
  });
  asked.end();
}
