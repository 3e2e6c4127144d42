import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { runProcess } from "../../containers/transcoder/run-process.ts";
import { classifyFfmpegExit } from "../../src/video/ffmpeg-errors.ts";

/** A process that a file makes end itself with a signal. */
function endingWith(signal: string) {
  return runProcess({
    command: "sh",
    args: ["-c", `echo "at frame 7" >&2; kill -s ${signal} $$`],
    cwd: tmpdir(),
    stallMs: 60_000,
    signal: new AbortController().signal,
    onStdout: () => true,
    classifyExit: classifyFfmpegExit,
  });
}

describe("an encoder that ends by a signal", () => {
  it.each(["SEGV", "ABRT", "FPE"])(
    "has crashed with %s, which counts, and tells its last words",
    async (name) => {
      await expect(endingWith(name)).rejects.toMatchObject({
        code: "encoder_failed",
        message: expect.stringContaining(`SIG${name}`),
        privateDetail: "at frame 7",
      });
    },
  );

  it("was killed from outside with KILL, which does not count", async () => {
    await expect(endingWith("KILL")).rejects.toMatchObject({ code: "killed" });
  });
});
