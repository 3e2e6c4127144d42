import { MediaError } from "../../src/errors.ts";
import { packetsArgs } from "../../src/video/ffmpeg-args.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { log } from "./log.ts";
import { runFfmpeg } from "./run-ffmpeg.ts";
import type { TaskContext } from "./task-context.ts";

/** What reading every packet may take, ms; a file that takes longer keeps the length that it does not tell. */
const LIMIT_MS = 100_000;

/**
 * Finds out how long a file is that does not say so, as browsers record: its packets are read to the last, and none is
 * decoded. Whatever is wrong with them, the encoder will say it better.
 */
export async function withLength(
  context: TaskContext,
  source: SourceDescription,
): Promise<SourceDescription> {
  if (source.durationSeconds > 0 || (source.video === undefined && source.audio.length === 0)) return source;
  const limit = new AbortController();
  const tooLong = new MediaError("timeout", `Reading the packets took longer than ${LIMIT_MS / 1000} s.`);
  const timer = setTimeout(() => limit.abort(tooLong), LIMIT_MS);
  let reached = 0;
  try {
    await runFfmpeg(
      { ...context, signal: AbortSignal.any([context.signal, limit.signal]) },
      {
        args: packetsArgs(context.setting),
        durationSeconds: 0,
        onProgress: ({ outTimeSeconds }) => {
          reached = Math.max(reached, outTimeSeconds);
        },
      },
    );
  } catch (error) {
    context.signal.throwIfAborted();
    log("length_unmeasured", { code: error instanceof MediaError ? error.code : "internal" });
    return source;
  } finally {
    clearTimeout(timer);
  }
  if (reached === 0) return source;
  const meanKbps = Math.round((context.request.inputBytes * 8) / reached / 1000);
  return { ...source, durationSeconds: reached, bitrateKbps: source.bitrateKbps ?? Math.max(1, meanKbps) };
}
