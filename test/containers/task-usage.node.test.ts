import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createUsageMeter } from "../../containers/transcoder/task-usage.ts";
import { createWorkFolder, removeWorkFolder } from "../../containers/transcoder/work-folder.ts";

let workDir: string;
beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), "darkroom-usage-"));
});
afterAll(() => rm(workDir, { recursive: true, force: true }));

describe("what a task uses", () => {
  it("is the memory and processor time of the processes in its folder, and the bytes that lie there", async () => {
    const folder = await createWorkFolder(workDir, "slot-1.tsk_a.1");
    const other = await createWorkFolder(workDir, "slot-1.tsk_a.10");
    await writeFile(join(folder, "output.mp4"), new Uint8Array(12_345));
    await writeFile(join(other, "output.mp4"), new Uint8Array(999));
    const measure = createUsageMeter(workDir, "slot-1.tsk_a.1");
    expect(await measure()).toMatchObject({ rssBytes: 0, tempBytes: 12_345 });
    const busy = `const until = Date.now() + 300; while (Date.now() < until); console.log("worked"); setInterval(() => {}, 1e6)`;
    const child = spawn(process.execPath, ["-e", busy], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    try {
      await once(child.stdout, "data");
      const used = await measure();
      expect(used.rssBytes).toBeGreaterThan(10_000_000);
      expect(used.cpuPercent).toBeGreaterThan(0);
    } finally {
      child.kill("SIGKILL");
      await once(child, "close");
    }
    expect(await measure()).toMatchObject({ rssBytes: 0, cpuPercent: 0 });
    await removeWorkFolder(folder);
    expect(await measure()).toEqual({ type: "heartbeat" });
  });
});
