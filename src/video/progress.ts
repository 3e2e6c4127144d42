/** One block of `ffmpeg -progress`. */
export interface FfmpegProgress {
  /** Share of the known duration that is written, 0–1; never lower than in the block before. */
  fraction: number;
  /** Media time written, seconds. */
  outTimeSeconds: number;
  /** Frames encoded per second of wall clock. */
  fps?: number;
  /** Media seconds per second of wall clock. */
  speed?: number;
  /** Bytes written so far, over all outputs that ffmpeg can count. */
  totalBytes?: number;
  /** Of what is written so far, kilobits a second. */
  bitrateKbps?: number;
}

/**
 * Reads the `key=value` lines of `-progress`, in pieces of any size, and gives one value for each block that a piece
 * completes.
 *
 * @param durationSeconds length of what is encoded; 0 when unknown, which leaves the fraction at 0 until the end
 * @param frames how many frames that is, where they tell better than times: of a part in the middle ffmpeg counts time
 * from its first report on
 */
export function createProgressParser(
  durationSeconds: number,
  frames?: number,
): (text: string) => FfmpegProgress[] {
  let unread = "";
  let fields = new Map<string, string>();
  let fraction = 0;
  let outTimeSeconds = 0;

  function writtenSeconds(): number {
    if (frames === undefined) return Number(fields.get("out_time_us") ?? Number.NaN) / 1e6 || 0;
    return (Math.min(frames, positive(fields.get("frame")) ?? 0) / Math.max(1, frames)) * durationSeconds;
  }

  function finishBlock(state: string): FfmpegProgress {
    outTimeSeconds = Math.max(outTimeSeconds, writtenSeconds());
    const share = durationSeconds > 0 ? Math.min(1, outTimeSeconds / durationSeconds) : 0;
    fraction = state === "end" ? 1 : Math.max(fraction, share);
    const block = { fraction, outTimeSeconds, ...measures(fields) };
    fields = new Map();
    return block;
  }

  return (text) => {
    const lines = (unread + text).split("\n");
    unread = lines.pop() ?? "";
    return lines.flatMap((line) => {
      const [key = "", value = ""] = splitOnce(line.trim());
      if (key === "progress") return [finishBlock(value)];
      fields.set(key, value);
      return [];
    });
  };
}

function measures(fields: Map<string, string>): Partial<FfmpegProgress> {
  const fps = positive(fields.get("fps"));
  const speed = positive(fields.get("speed")?.replace(/x$/, ""));
  const totalBytes = positive(fields.get("total_size"));
  const bitrateKbps = positive(fields.get("bitrate")?.replace(/kbits\/s$/, ""));
  return {
    ...(fps === undefined ? {} : { fps }),
    ...(speed === undefined ? {} : { speed }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
    ...(bitrateKbps === undefined ? {} : { bitrateKbps }),
  };
}

/** ffmpeg prints `N/A` for what it does not know yet. */
function positive(text: string | undefined): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf("=");
  return at < 0 ? ["", ""] : [line.slice(0, at), line.slice(at + 1)];
}
