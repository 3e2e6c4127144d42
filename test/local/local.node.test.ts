import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ProgressSnapshot } from "../../src/client/resources.ts";
import { parseStackArguments } from "../../src/local/args.ts";
import { addressesIn } from "../../src/local/collect-outputs.ts";
import { keysOf } from "../../src/local/keys.ts";
import { freePort } from "../../src/local/ports.ts";
import { startChild, stopChild } from "../../src/local/processes.ts";
import { createProgressBoard } from "../../src/local/progress-bar.ts";
import { waitUntilReady } from "../../src/local/ready.ts";
import { takeState, writeRunRecord } from "../../src/local/run-record.ts";
import { isAlive } from "../e2e/dev-server.ts";

const dir = mkdtempSync(join(tmpdir(), "darkroom-local-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the command line", () => {
  it("is read with files and options in any order", () => {
    expect(parseStackArguments(["a.jpg", "--port", "8787", "--serve", "b.mp4"])).toMatchObject({
      port: 8787,
      serve: true,
      files: ["a.jpg", "b.mp4"],
      transcoder: "auto",
    });
  });

  it("sets variables of the worker", () => {
    const { variables } = parseStackArguments(["--var", "CHUNK_SECONDS=4", "--var", "PUBLIC_ORIGIN="]);
    expect(variables).toEqual({ CHUNK_SECONDS: "4", PUBLIC_ORIGIN: "" });
  });

  it.each([
    [["--var", "chunk 4"], "--var is NAME=value"],
    [["--port", "eighty"], "--port is a number"],
    [["--port", "70000"], "--port is a number"],
    [["--transcoder", "cloud"], "--transcoder is auto or process"],
    [["--prot", "1"], "--prot"],
  ])("that is wrong is answered with one sentence: %s", (argv, words) => {
    expect(() => parseStackArguments(argv)).toThrow(words);
  });
});

it("makes the keys once, and lets only this user read them", () => {
  const keys = keysOf(dir);
  expect(keysOf(dir)).toEqual(keys);
  expect(keys.bootstrapAdminKey).toMatch(/^dr_.{32}$/);
  expect(statSync(join(dir, "keys.json")).mode & 0o777).toBe(0o600);
});

it("says so when the port is taken", async () => {
  const server = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await expect(freePort(port)).rejects.toThrow(`Port ${port} is taken`);
  server.close();
});

it("says at once that the worker cannot be built, however much is printed after it", async () => {
  const logPath = join(dir, "wrangler.log");
  const chatter = Array.from({ length: 60 }, (_, n) => `      ${n} │ import { a } from "./nowhere.ts";`);
  const problem = ["✘ [ERROR] Build failed with 1 error:", '✘ [ERROR] Could not resolve "./nowhere.ts"'];
  writeFileSync(logPath, [...problem, ...chatter].join("\n"));
  const worker = {
    name: "wrangler dev",
    pid: -1,
    logPath,
    isRunning: () => true,
    ended: new Promise<never>(() => {}),
  };
  await expect(waitUntilReady("http://127.0.0.1:9", worker, undefined)).rejects.toThrow("Could not resolve");
});

it("ends a child that does not want to end, with everything it started", async () => {
  const stubborn = "trap '' TERM; sleep 300 & echo $!; wait; wait";
  const started = Promise.withResolvers<number>();
  const child = startChild({
    name: "stubborn",
    command: "sh",
    args: ["-c", stubborn],
    cwd: dir,
    env: {},
    logPath: join(dir, "stubborn.log"),
    onLine: (line) => started.resolve(Number(line)),
  });
  const grandchild = await started.promise;
  expect(isAlive(grandchild)).toBe(true);
  await stopChild(child, 100);
  expect(child.isRunning()).toBe(false);
  expect(isAlive(grandchild)).toBe(false);
});

it("refuses a state folder that is in use, and takes over one that was left behind", () => {
  const children = {};
  const inUse = { pid: process.ppid, program: "", url: "http://127.0.0.1:1", children };
  writeRunRecord(dir, inUse);
  expect(() => takeState(dir)).toThrow(`in use by process ${process.ppid}`);
  writeRunRecord(dir, { ...inUse, program: "no-such-program.ts" });
  expect(() => takeState(dir)).not.toThrow();
});

it("finds every address in a playlist", () => {
  const playlist = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="audio.m3u8?token=t"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"
720p.m3u8
#EXT-X-MAP:URI="seg/init.mp4"
seg/00001.m4s
`;
  const found = addressesIn(playlist, new URL("http://host/play/job_1/master.m3u8"));
  expect(found.map(({ pathname, search }) => pathname + search)).toEqual([
    "/play/job_1/720p.m3u8",
    "/play/job_1/seg/00001.m4s",
    "/play/job_1/audio.m3u8?token=t",
    "/play/job_1/seg/init.mp4",
  ]);
});

describe("progress", () => {
  const at = (current_stage: ProgressSnapshot["current_stage"], progress_percentage: number) =>
    ({ current_stage, progress_percentage }) as ProgressSnapshot;

  function written(isTTY: boolean): { out: NodeJS.WriteStream; text: () => string } {
    let text = "";
    const write = (part: string) => {
      text += part;
      return true;
    };
    return { out: { isTTY, write } as NodeJS.WriteStream, text: () => text };
  }

  it("is one line a stage where there is no terminal", () => {
    const { out, text } = written(false);
    const board = createProgressBoard(["a.jpg"], out);
    for (const share of [1, 2, 3]) board.update("a.jpg", at("validation", share));
    board.update("a.jpg", at("format_conversion", 60.4));
    board.finish("a.jpg", "done in 1.0 s");
    expect(text()).toBe("a.jpg: validation (1 %)\na.jpg: format conversion (60 %)\na.jpg: done in 1.0 s\n");
  });

  it("is a bar that is drawn again where there is one", () => {
    const { out, text } = written(true);
    const board = createProgressBoard(["a.jpg", "b.mp4"], out);
    board.update("b.mp4", at("transcode", 50));
    expect(text()).toContain("\x1b[2A");
    expect(text()).toContain("████████████░░░░░░░░░░░░  50 %  transcode");
  });
});
