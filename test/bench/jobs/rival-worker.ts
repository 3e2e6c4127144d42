/** BullMQ's usual back: one process that makes thumbnails with sharp. `rival-worker.ts <redis port> <folder>` */
import { join } from "node:path";
import { Worker } from "bullmq";
import sharp from "sharp";

const [redisPort = "0", folder = ""] = process.argv.slice(2);
/** The next photo is read while one is made. */
const CONCURRENCY = 4;

const worker = new Worker<{ name: string }>(
  "photos",
  async ({ data: { name } }) => {
    const photo = sharp(join(folder, `${name}.jpg`)).autoOrient();
    await photo
      .resize(150, 150)
      .webp({ quality: 82 })
      .toFile(join(folder, `${name}.webp`));
  },
  { connection: { host: "127.0.0.1", port: Number(redisPort) }, concurrency: CONCURRENCY },
);
await worker.waitUntilReady();
console.log("ready");
