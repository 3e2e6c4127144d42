import { type ErrorCode, MediaError } from "../errors.ts";

/** How an ffmpeg or ffprobe ended without success. */
export interface FfmpegExit {
  exitCode: number | null;
  /** `SIGKILL` and the like, when a signal ended it. */
  signal: string | null;
  /** Last lines of stderr. */
  stderr: string;
}

interface Rule {
  code: ErrorCode;
  pattern: RegExp;
  /** Public: what is wrong and what to do about it. */
  message: string;
}

/**
 * What ffmpeg's words mean, in order: causes come before the complaints that follow from them. Every row has a sample
 * of real output in the test.
 */
const RULES: readonly Rule[] = [
  {
    code: "disk_full",
    pattern: /No space left on device|File too large/,
    message: "The transcoder ran out of disk space.",
  },
  {
    code: "out_of_memory",
    pattern: /Cannot allocate memory|malloc of size \d+ failed/,
    message: "The transcoder ran out of memory; ask for smaller or fewer outputs.",
  },
  {
    code: "storage_failed",
    pattern:
      /Server returned [45]\w\w|Connection (refused|reset|timed out)|Failed to resolve hostname|: Input\/output error/,
    message: "The source could not be read from storage.",
  },
  {
    code: "encoder_missing",
    pattern: /Unknown encoder|No such filter/,
    message: "The ffmpeg of this transcoder lacks an encoder or filter that the output needs.",
  },
  {
    code: "unsupported_type",
    pattern: /Format not on whitelist/,
    message: "This is a playlist, a text or an unusual file, not one video file; send the video itself.",
  },
  {
    code: "unsupported_codec",
    pattern: /no decoder found for|Decoder \(codec [^)]*\) not found/,
    message: "The codec of this file cannot be decoded; convert it to H.264, H.265, VP9 or AV1.",
  },
  {
    code: "no_video_stream",
    pattern: /Stream map '[^']*' matches no streams/,
    message: "The file has no video stream that could be used.",
  },
  {
    code: "corrupt_input",
    pattern: /moov atom not found/,
    message: "The file is incomplete: its index is missing, as when a recording or an upload was cut off.",
  },
  {
    code: "encoder_failed",
    pattern: /Error while opening encoder/,
    message: "The encoder refused these settings; ask for others.",
  },
  {
    code: "corrupt_input",
    pattern: /Invalid data found when processing input|partial file|Failed to read frame size/,
    message: "The file is damaged or is not a media file; export or upload it again.",
  },
];

const CRASHES: readonly string[] = ["SIGSEGV", "SIGABRT", "SIGFPE", "SIGILL", "SIGBUS", "SIGTRAP", "SIGSYS"];

/**
 * The error that an ended ffmpeg stands for. A kill that nobody here ordered is the system's (`killed`); one
 * for want of memory is told apart where the kernel can be asked (`run-process`). A crash is the encoder's own.
 *
 * @param exit `exitCode` is not 0, or `signal` is set
 */
export function classifyFfmpegExit(exit: FfmpegExit): MediaError {
  const privateDetail = exit.stderr;
  if (exit.signal !== null) return classifySignal(exit.signal, privateDetail);
  const rule = RULES.find(({ pattern }) => pattern.test(exit.stderr));
  if (rule !== undefined) return new MediaError(rule.code, rule.message, { privateDetail });
  return new MediaError("encoder_failed", `The encoder stopped with exit code ${exit.exitCode}.`, {
    privateDetail,
  });
}

/**
 * Whether a signal is what a program does to itself (signal(7)). It comes again with the same file, so it is no loss
 * that goes uncounted.
 */
export function isCrash(signal: string | null): boolean {
  return signal !== null && CRASHES.includes(signal);
}

function classifySignal(signal: string, privateDetail: string): MediaError {
  if (!isCrash(signal)) {
    return new MediaError("killed", `The encoder was ended by ${signal}.`, { privateDetail });
  }
  const message = `The encoder crashed (${signal}) on this file; export the file anew, or ask for another codec.`;
  return new MediaError("encoder_failed", message, { privateDetail });
}
