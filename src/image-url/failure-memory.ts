import { ERRORS, type ErrorCode, type FailureClass } from "../errors.ts";

/** A failure as it is told again, until a time in Unix milliseconds. */
export interface RememberedFailure {
  code: ErrorCode;
  message: string;
  untilMs: number;
}

/**
 * How long a failure is told again without another try, ms. What lies in the picture or in what is asked of it is the
 * same the next time; what a codec or a machine made of it may not be; what was merely out of reach is tried at once.
 */
const REMEMBER_MS: Partial<Record<FailureClass, number>> = {
  input: 600_000,
  configuration: 600_000,
  codec: 60_000,
  resource: 60_000,
};
/** Of no such class, yet likely to be the picture's doing, ms. */
const REMEMBER_KILLED_MS = 60_000;

const KEY = "failure";

/** What making this failed with lately. */
export function recallFailure(storage: DurableObjectStorage, nowMs: number): RememberedFailure | undefined {
  const failure = storage.kv.get<RememberedFailure>(KEY);
  return failure !== undefined && nowMs < failure.untilMs ? failure : undefined;
}

/** Keeps a failure for as long as it is worth, and sets the alarm at whose call {@link forgetFailure} is due. */
export async function rememberFailure(
  storage: DurableObjectStorage,
  { code, message }: { code: ErrorCode; message: string },
  nowMs: number,
): Promise<void> {
  const forMs = code === "killed" ? REMEMBER_KILLED_MS : REMEMBER_MS[ERRORS[code].class];
  if (forMs === undefined) return;
  const untilMs = nowMs + forMs;
  storage.kv.put(KEY, { code, message, untilMs } satisfies RememberedFailure);
  await storage.setAlarm(untilMs);
}

/** Leaves nothing of the object behind. */
export async function forgetFailure(storage: DurableObjectStorage): Promise<void> {
  await storage.deleteAll();
}
