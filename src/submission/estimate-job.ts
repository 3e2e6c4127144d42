import { estimateJob, type JobShape, type LaneHistory } from "../jobs/estimate.ts";
import { countTasksAhead, readDurations, type TasksAhead } from "../jobs/store/durations.ts";
import { log } from "../log.ts";
import type { PlannedJob } from "./plan-job.ts";

/** What an isolate has read of a database lately: estimates need not be newer, and submissions need not wait. */
interface Lately {
  ahead: { value: TasksAhead; atMs: number } | undefined;
  histories: Map<string, { value: LaneHistory; atMs: number }>;
}

const AHEAD_KEPT_MS = 1_000;
const HISTORY_KEPT_MS = 5_000;
const MAX_HISTORIES = 200;
const readLately = new WeakMap<D1Database, Lately>();

/**
 * The job with its duration estimated from history, the queue and what runs. Without them, should D1 not answer, the
 * formula that it was planned with stands: an estimate is no reason to refuse a job.
 */
export async function withEstimate<T extends Pick<PlannedJob, "job" | "tasks">>(
  d1: D1Database,
  planned: T,
  nowMs: number,
): Promise<T> {
  const { job, tasks } = planned;
  if (!job.estimate || job.kind === "unknown" || !tasks[0]) return planned;
  const { sizeBucket, outputCount, lane, runMs } = job.estimate;
  try {
    const lately = latelyOf(d1);
    const shape = { kind: job.kind, sizeBucket, outputCount, lane };
    const [history, ahead] = await Promise.all([
      historyOf(d1, lately, shape, nowMs),
      aheadOf(d1, lately, nowMs),
    ]);
    const estimate = estimateJob(shape, runMs, history, ahead[job.priority][lane] ?? 0);
    return { ...planned, job: { ...job, estimate, estimatedDurationMs: estimate.expectedMs } };
  } catch (error) {
    log("warn", "submission", "not_estimated", { job_id: job.id, detail: String(error) });
    return planned;
  }
}

function latelyOf(d1: D1Database): Lately {
  const known = readLately.get(d1) ?? { ahead: undefined, histories: new Map() };
  readLately.set(d1, known);
  return known;
}

async function historyOf(
  d1: D1Database,
  { histories }: Lately,
  shape: JobShape,
  nowMs: number,
): Promise<LaneHistory> {
  const name = `${shape.kind} ${shape.sizeBucket} ${shape.outputCount} ${shape.lane}`;
  const known = histories.get(name);
  if (known && nowMs < known.atMs + HISTORY_KEPT_MS) return known.value;
  // Whoever comes while this is read takes what was known: of many at once only one asks.
  if (known) histories.set(name, { ...known, atMs: nowMs });
  const value = await readDurations(d1, shape);
  if (histories.size >= MAX_HISTORIES) histories.clear();
  histories.set(name, { value, atMs: nowMs });
  return value;
}

async function aheadOf(d1: D1Database, lately: Lately, nowMs: number): Promise<TasksAhead> {
  if (lately.ahead && nowMs < lately.ahead.atMs + AHEAD_KEPT_MS) return lately.ahead.value;
  if (lately.ahead) lately.ahead = { ...lately.ahead, atMs: nowMs };
  const value = await countTasksAhead(d1, nowMs);
  lately.ahead = { value, atMs: nowMs };
  return value;
}
