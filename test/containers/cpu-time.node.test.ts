import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cpuSecondsIn, followCpu, takeCpuSeconds } from "../../containers/transcoder/cpu-time.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "darkroom-cpu-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Computes until it has used so much of a processor, however long that takes, and says so. */
const burn = (seconds: number) =>
  `while (process.cpuUsage().user + process.cpuUsage().system < ${seconds * 1e6}); console.log("burnt");`;

function start(program: string, cwd = folder) {
  const child = spawn(process.execPath, ["-e", program], { cwd, stdio: ["ignore", "pipe", "ignore"] });
  child.once("exit", followCpu(child.pid ?? 0, cwd));
  return child;
}

describe("the processor time of a task", () => {
  it("is that of its processes until their end, one after the other and side by side", async () => {
    await once(start(burn(0.3)), "close");
    const first = cpuSecondsIn(folder) ?? 0;
    expect(first).toBeGreaterThanOrEqual(0.29);
    await Promise.all([once(start(burn(0.2)), "close"), once(start(burn(0.2)), "close")]);
    expect(takeCpuSeconds(folder)).toBeGreaterThanOrEqual(first + 0.38);
    expect(takeCpuSeconds(folder)).toBeUndefined();
  });

  it("is known while they run, and when they are killed", async () => {
    const child = start(`${burn(0.2)} setInterval(() => {}, 1e6);`);
    await once(child.stdout, "data");
    expect(cpuSecondsIn(folder)).toBeGreaterThanOrEqual(0.19);
    child.kill("SIGKILL");
    await once(child, "close");
    expect(takeCpuSeconds(folder)).toBeGreaterThanOrEqual(0.19);
  });

  it("has nothing of what ran beside it for another", async () => {
    const other = await mkdtemp(join(tmpdir(), "darkroom-cpu-"));
    try {
      const busy = start(`${burn(3)} setInterval(() => {}, 1e6);`);
      await once(busy.stdout, "data");
      const idle = start("setInterval(() => {}, 1e6); console.log('there')", other);
      await once(idle.stdout, "data");
      idle.kill("SIGKILL");
      await once(idle, "close");
      busy.kill("SIGKILL");
      await once(busy, "close");
      expect(takeCpuSeconds(folder)).toBeGreaterThanOrEqual(2.9);
      expect(takeCpuSeconds(other)).toBeLessThan(2);
    } finally {
      await rm(other, { recursive: true, force: true });
    }
  });

  it("is nothing where there was no process", () => {
    expect(takeCpuSeconds(folder)).toBeUndefined();
  });
});
