import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, it } from "vitest";
import { runProcess } from "../../containers/transcoder/run-process.ts";
import { classifyFfmpegExit } from "../../src/video/ffmpeg-errors.ts";

const LIMIT_BYTES = 48 * 1024 * 1024;
/** Where control groups of memory are, in version 1 and 2, and the file that holds a group's limit. */
const HIERARCHIES = [
  { at: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" },
  { at: "/sys/fs/cgroup", limit: "memory.max" },
];

/** A group whose processes may hold so much; undefined where nobody but the system may make one. */
function smallGroup(): string | undefined {
  for (const { at, limit } of HIERARCHIES) {
    const group = `${at}/darkroom-test-${process.pid}`;
    try {
      mkdirSync(group);
      writeFileSync(`${group}/${limit}`, String(LIMIT_BYTES));
      return group;
    } catch {
      try {
        rmdirSync(group);
      } catch {
        // It was not made.
      }
    }
  }
  return undefined;
}

const group = smallGroup();

afterAll(() => {
  if (group !== undefined) rmdirSync(group);
});

/** Takes 4 MB more, again and again, as a member of the group. */
const GREEDY = `const held = []; for (;;) held.push(Buffer.alloc(4_000_000, 1));`;

it.skipIf(group === undefined)(
  "a process that the kernel ends for want of memory ran out of it",
  async () => {
    const run = runProcess({
      command: "sh",
      args: ["-c", `echo $$ > "$0/cgroup.procs" && exec "$1" -e "$2"`, group ?? "", process.execPath, GREEDY],
      cwd: tmpdir(),
      stallMs: 60_000,
      signal: new AbortController().signal,
      onStdout: () => true,
      classifyExit: classifyFfmpegExit,
    });
    await expect(run).rejects.toMatchObject({ code: "out_of_memory", class: "resource" });
  },
);
