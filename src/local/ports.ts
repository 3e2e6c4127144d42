import { createServer } from "node:net";
import { StackError } from "./stack-error.ts";

/** A loopback port that nothing listens on; `wanted` when given. Throws a {@link StackError} when that one is taken. */
export function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", () =>
      reject(new StackError(`Port ${wanted} is taken; choose another with --port.`)),
    );
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : wanted));
    });
  });
}
