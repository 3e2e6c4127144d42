import { describe, expect, it } from "vitest";
import { ERRORS } from "../../src/errors.ts";
import { classifyFfmpegExit } from "../../src/video/ffmpeg-errors.ts";

/** What ffmpeg 5.1 really printed, with the code that it stands for. */
const samples: [string, string, string][] = [
  [
    "an index that never came",
    "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x5639b9cc6880] moov atom not found\n<url>: Invalid data found when processing input",
    "corrupt_input",
  ],
  ["noise", "<url>: Invalid data found when processing input", "corrupt_input"],
  [
    "an end before the index says so",
    "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55ca03cb6880] stream 1, offset 0x24b2e: partial file",
    "corrupt_input",
  ],
  [
    "an MP3 that ends with its cover",
    "[mp3 @ 0x5581d79b2300] Failed to read frame size: Could not seek to 1026.\n<url>: Invalid argument",
    "corrupt_input",
  ],
  ["a missing object", "<url>: Server returned 404 Not Found", "storage_failed"],
  ["storage that is down", "<url>: Connection refused", "storage_failed"],
  ["a redirect that is not followed", "<url>: Input/output error", "storage_failed"],
  [
    "a playlist",
    "[hls @ 0x55f9a8c6a940] Format not on whitelist 'mov'\n<url>: Invalid argument",
    "unsupported_type",
  ],
  [
    "an unknown codec",
    "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x557f4b2fe8c0] stream 0, offset 0x30: partial file\nDecoder (codec none) not found for input stream #0:0",
    "unsupported_codec",
  ],
  [
    "sound alone",
    "Stream map '0:V:0' matches no streams.\nTo ignore this, add a trailing '?' to the map.",
    "no_video_stream",
  ],
  ["an encoder that is not built in", "Unknown encoder 'libnope'", "encoder_missing"],
  [
    "a filter that is not built in",
    "[AVFilterGraph @ 0x559593d2c340] No such filter: 'nosuch'\nError reinitializing filters!\nFailed to inject frame into filter network: Invalid argument",
    "encoder_missing",
  ],
  [
    "settings that x264 refuses",
    "x264 [error]: baseline profile doesn't support 4:4:4\n[libx264 @ 0x55ca070fef80] Error setting profile baseline.\nError initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect parameters such as bit_rate, rate, width or height",
    "encoder_failed",
  ],
  [
    "a filter without memory",
    "Error while filtering: Cannot allocate memory\nFailed to inject frame into filter network: Cannot allocate memory",
    "out_of_memory",
  ],
  [
    "an encoder without memory",
    "x264 [error]: malloc of size 371778927 failed\nError initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect parameters such as bit_rate, rate, width or height",
    "out_of_memory",
  ],
  [
    "a full disk",
    "av_interleaved_write_frame(): No space left on device\nError writing trailer of output.mp4: No space left on device",
    "disk_full",
  ],
  [
    "a file size limit",
    "av_interleaved_write_frame(): File too large\nError closing file output.mp4: File too large",
    "disk_full",
  ],
];

describe("how ffmpeg ended", () => {
  it.each(samples)("is understood for %s", (_, stderr, code) => {
    const error = classifyFfmpegExit({ exitCode: 1, signal: null, stderr });
    expect(error.code).toBe(code);
    expect(error.privateDetail).toBe(stderr);
    expect(error.message).toMatch(/^[A-Z].*\.$/);
  });

  it("is the system's doing when a signal came from outside", () => {
    expect(classifyFfmpegExit({ exitCode: null, signal: "SIGKILL", stderr: "" }).code).toBe("killed");
  });

  it.each(["SIGSEGV", "SIGABRT", "SIGFPE", "SIGILL", "SIGBUS", "SIGTRAP", "SIGSYS"])(
    "is a crash that counts as an attempt, and not a loss that is run again for nothing, for %s",
    (signal) => {
      const error = classifyFfmpegExit({ exitCode: null, signal, stderr: "" });
      expect(error).toMatchObject({ code: "encoder_failed", message: expect.stringContaining(signal) });
      expect(ERRORS[error.code].class).toBe("codec");
    },
  );

  it("is the encoder's failure when nothing else is known", () => {
    const error = classifyFfmpegExit({ exitCode: 234, signal: null, stderr: "Conversion failed!" });
    expect(error).toMatchObject({ code: "encoder_failed", message: expect.stringContaining("234") });
  });
});
