import { LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { AppContext, Caller } from "../request-context.ts";
import { cpuWaitSeconds, type Spending } from "./budget.ts";

/**
 * Accepts work within the daily quota of the caller's key, where it has one. What comes to nothing is given back.
 *
 * @param isSpent whether what was accepted counts; an answer that was there already does not
 * @throws MediaError `quota_exceeded`
 */
export async function withinQuota<T>(
  c: AppContext,
  jobs: number,
  accept: () => Promise<T>,
  isSpent: (accepted: T) => boolean = () => true,
): Promise<T> {
  const { keyId, limits } = c.get("caller");
  requireCpu(limits);
  const quota = limits?.daily;
  if (quota?.jobs === undefined && quota?.bytes === undefined) return await accept();
  const budget = c.env.KEY_BUDGET.getByName(keyId);
  const wanted: Spending = { jobs, bytes: bytesOf(c) };
  const answer = await budget.spend(quota, wanted);
  if (!answer.allowed) {
    throw spent(
      `This key may submit ${quota[answer.limit]} ${answer.limit} a day.`,
      answer.retryAfterSeconds,
    );
  }
  let counts = false;
  try {
    const accepted = await accept();
    counts = isSpent(accepted);
    return accepted;
  } finally {
    if (!counts) await budget.giveBack(answer.day, wanted);
  }
}

function requireCpu(limits: Caller["limits"]): void {
  const cpu = limits?.cpu;
  const waitSeconds = cpu ? cpuWaitSeconds(cpu.secondsPerDay, cpu, Date.now()) : 0;
  if (waitSeconds === 0) return;
  throw spent(`The jobs of this key may use ${cpu?.secondsPerDay} CPU seconds a day.`, waitSeconds);
}

function spent(message: string, retryAfterSeconds: number): MediaError {
  return new MediaError("quota_exceeded", message, {
    headers: { "Retry-After": String(retryAfterSeconds) },
  });
}

/** Of the body, as it is announced; one that is not may be as large as any. */
function bytesOf(c: AppContext): number {
  const announced = c.req.header("Content-Length");
  return announced === undefined ? LIMITS.maxFileBytes : Number(announced);
}
