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
}

/**
 * Reads the `key=value` lines of `-progress`, in pieces of any size, and gives one value for each block that a piece
 * completes.
 *
 * @param durationSeconds length of what is encoded; 0 when unknown, which leaves the fraction at 0 until the end
 * @param startSeconds where on the timeline that begins; ffmpeg counts all time before it as written
 */
export function createProgressParser(
  durationSeconds: number,
  startSeconds = 0,
): (text: string) => FfmpegProgress[] {
  let unread = "";
  let fields = new Map<string, string>();
  let fraction = 0;
  let outTimeSeconds = 0;

  function finishBlock(state: string): FfmpegProgress {
    const writtenUntil = Number(fields.get("out_time_us") ?? Number.NaN) / 1e6 || 0;
    outTimeSeconds = Math.max(outTimeSeconds, writtenUntil - startSeconds);
    const share = durationSeconds > 0 ? Math.min(1, outTimeSeconds / durationSeconds) : 0;
    fraction = state === "end" ? 1 : Math.max(fraction, share);
    const block = { fraction, outTimeSeconds, ...measures(fields, outTimeSeconds / writtenUntil) };
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

/** @param share of the time that ffmpeg counts as written, what was */
function measures(fields: Map<string, string>, share: number): Partial<FfmpegProgress> {
  const fps = positive(fields.get("fps"));
  const counted = positive(fields.get("speed")?.replace(/x$/, ""));
  const speed = counted === undefined || !(share > 0) ? undefined : counted * Math.min(1, share);
  const totalBytes = positive(fields.get("total_size"));
  return {
    ...(fps === undefined ? {} : { fps }),
    ...(speed === undefined ? {} : { speed }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
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
