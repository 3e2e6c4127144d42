import { estimateJob, type JobShape, KEPT_DURATIONS, type LaneHistory, tasksLeft } from "../jobs/estimate.ts";
import { isAheadOf } from "../jobs/priority.ts";
import { countTasksAhead, readDurations, type TasksAhead } from "../jobs/store/durations.ts";
import { log } from "../log.ts";
import type { Priority } from "../schema/jobs.ts";
import type { Lane } from "../schema/tasks.ts";
import type { PlannedJob } from "./plan-job.ts";

/** What an isolate has read of a database lately: estimates need not be newer, and submissions need not wait. */
interface Lately {
  ahead: Counted | undefined;
  /** What this isolate accepted since it counted who is ahead. */
  accepted: { priority: Priority; lane: Lane; earliestEndMs: number }[];
  histories: Map<string, { value: LaneHistory; atMs: number }>;
}

interface Counted {
  value: TasksAhead;
  atMs: number;
}

const AHEAD_KEPT_MS = 1_000;
const HISTORY_KEPT_MS = 5_000;
/** While there is little to go by, each job that ended tells a lot. */
const SHORT_HISTORY_KEPT_MS = 250;
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
    const [history, counted] = await Promise.all([
      historyOf(d1, lately, shape, nowMs),
      countedAhead(d1, lately, nowMs),
    ]);
    const left = tasksLeft(counted.value[job.priority][lane] ?? 0, nowMs - counted.atMs, lane, history);
    const since = lately.accepted.filter(
      (other) =>
        other.lane === lane && other.earliestEndMs > nowMs && isAheadOf(other.priority, job.priority),
    );
    const estimate = estimateJob(shape, runMs, history, left + since.length);
    lately.accepted.push({
      priority: job.priority,
      lane,
      earliestEndMs: nowMs + estimate.lowMs,
    });
    return { ...planned, job: { ...job, estimate, estimatedDurationMs: estimate.expectedMs } };
  } catch (error) {
    log("warn", "submission", "not_estimated", { job_id: job.id, detail: String(error) });
    return planned;
  }
}

function latelyOf(d1: D1Database): Lately {
  const known = readLately.get(d1) ?? { ahead: undefined, accepted: [], histories: new Map() };
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
  const keptMs = known && known.value.run.length < KEPT_DURATIONS ? SHORT_HISTORY_KEPT_MS : HISTORY_KEPT_MS;
  if (known && nowMs < known.atMs + keptMs) return known.value;
  // Whoever comes while this is read takes what was known: of many at once only one asks.
  if (known) histories.set(name, { ...known, atMs: nowMs });
  const value = await readDurations(d1, shape);
  if (histories.size >= MAX_HISTORIES) histories.clear();
  histories.set(name, { value, atMs: nowMs });
  return value;
}

async function countedAhead(d1: D1Database, lately: Lately, nowMs: number): Promise<Counted> {
  if (lately.ahead && nowMs < lately.ahead.atMs + AHEAD_KEPT_MS) return lately.ahead;
  if (lately.ahead) lately.ahead = { ...lately.ahead, atMs: nowMs };
  const counted = { value: await countTasksAhead(d1, nowMs), atMs: nowMs };
  lately.ahead = counted;
  lately.accepted = [];
  return counted;
}
