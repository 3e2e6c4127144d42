/** BullMQ's usual front: an HTTP server that stores what it is sent and queues a job. `rival-api.ts <redis port> <folder>` */
import { createWriteStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Queue } from "bullmq";

const [redisPort = "0", folder = ""] = process.argv.slice(2);
const queue = new Queue("photos", { connection: { host: "127.0.0.1", port: Number(redisPort) } });
let count = 0;

const server = createServer(async (request, response) => {
  const name = String(count++);
  await pipeline(request, createWriteStream(join(folder, `${name}.jpg`)));
  const job = await queue.add("thumbnail", { name });
  response.writeHead(201, { "Content-Type": "application/json" }).end(JSON.stringify({ job_id: job.id }));
});
await queue.waitUntilReady();
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
