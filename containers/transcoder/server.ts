/**
 * The transcoder: an HTTP server that runs one typed media task for each `POST /tasks` and streams its events. Started
 * as `node containers/transcoder/server.ts`; its settings are in `config.ts`.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { askFfmpeg, askPictures } from "./capabilities.ts";
import { readConfig } from "./config.ts";
import { findHardwareEncoders } from "./hardware.ts";
import { log } from "./log.ts";
import { recycleWhenWorn } from "./recycle.ts";
import { answer } from "./routes.ts";
import type { Machine } from "./run-task.ts";
import { createTaskRegistry, type TaskRegistry } from "./task-registry.ts";
import { claimWorkDir } from "./work-folder.ts";

await main();

async function main(): Promise<void> {
  const config = readConfig(process.env);
  await claimWorkDir(config.workDir);
  const [ffmpeg, pictures] = await Promise.all([askFfmpeg(), askPictures()]);
  const machine: Machine = { config, capabilities: { ...ffmpeg, ...pictures } };
  if (!pictures.heic) log("no_heic_decoder", { install: "libheif-examples" });
  if (!pictures.faces) log("no_face_detector", { install: "opencv-data" });
  // Work need not wait for what is only told.
  void findHardwareEncoders().then((found) => {
    machine.hardwareEncoders = found;
  });
  const registry = createTaskRegistry(machine);
  const server = createServer((request, response) => void answer(machine, registry, request, response));
  // A task streams for as long as it runs.
  server.requestTimeout = 0;
  server.listen(config.port, config.host, () => {
    log("listening", { port: (server.address() as AddressInfo).port });
  });
  recycleWhenWorn(config, registry, () => void shutDown(server, registry, config.drainGraceMs));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void shutDown(server, registry, config.drainGraceMs));
  }
}

/** Lets running tasks finish, and their listeners hear of it, then leaves. */
async function shutDown(server: Server, registry: TaskRegistry, graceMs: number): Promise<void> {
  log("draining", { running: registry.running().length });
  await registry.drain(graceMs);
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
  log("stopped");
  process.exit(0);
}
