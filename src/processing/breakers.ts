import type { Env } from "../config.ts";
import { type ErrorCode, MediaError, toMediaError } from "../errors.ts";
import { log } from "../log.ts";
import {
  type CircuitBreakers,
  type Dependency,
  type HostDependency,
  hostOf,
  type Standing,
} from "./circuit-breakers.ts";

/** What every task needs, whatever its lane. */
const OWN_PARTS: readonly Dependency[] = ["storage", "d1"];

/** Which part of the service an error says is down. */
const BLAMED: Partial<Record<ErrorCode, Dependency>> = { storage_failed: "storage", database_failed: "d1" };

/** After this long without news, an isolate takes a dependency to be well again without asking. */
const REMEMBER_MS = 120_000;

interface Trouble {
  /** Nobody is let through before; past when the breaker has to be asked. */
  openUntilMs: number;
  forgetAtMs: number;
}

/**
 * What this isolate has seen fail lately. While it is empty nobody is asked, so that the breakers cost nothing while
 * all is well; an isolate that knows of no trouble finds out by a failure of its own, which then spends nothing.
 */
const troubles = new Map<Dependency, Trouble>();

/**
 * Until when tasks should not be claimed, Unix milliseconds, because storage or the database is down; undefined when
 * they may be.
 */
export async function heldUntil(env: Env): Promise<number | undefined> {
  for (const dependency of OWN_PARTS) {
    const untilMs = await heldBy(env, dependency);
    if (untilMs !== undefined) return untilMs;
  }
  return undefined;
}

/** Tells the breaker of what an error blames, and says where it stands then; undefined when it blames nothing. */
export async function reportError(env: Env, error: MediaError): Promise<Standing | undefined> {
  const dependency = BLAMED[error.code];
  return dependency && (await reportFailure(env, dependency));
}

/** A task ended well: where there was trouble, the parts it used answer again. */
export async function reportWell(env: Env): Promise<void> {
  for (const dependency of OWN_PARTS) if (troubles.has(dependency)) await reportSuccess(env, dependency);
}

/**
 * Asks something of somebody else's host, when its breaker lets it, and reports how that went. Only failures that the
 * host is to blame for (`transient`, `dependency`) count against it: a refusal is an answer.
 *
 * Each owner has a breaker of their own for a host: a wrong path or a revoked key there is theirs alone, and shared hosts
 * (a bucket provider, a CDN) serve many.
 *
 * @param dependency such as `ship:anna@media.example.com`.
 * @throws MediaError `dependency_down` while the breaker is open: the task waits, and nothing is counted against it.
 */
export async function throughBreaker<T>(
  env: Env,
  dependency: HostDependency,
  work: () => Promise<T>,
): Promise<T> {
  const untilMs = await askLeave(env, dependency);
  if (untilMs !== undefined) throw dependencyDown(dependency, untilMs);
  try {
    const result = await work();
    await reportSuccess(env, dependency);
    return result;
  } catch (thrown) {
    const error = toMediaError(thrown);
    const isToBlame = error.class === "transient" || error.class === "dependency";
    await (isToBlame ? reportFailure(env, dependency) : reportSuccess(env, dependency));
    throw error;
  }
}

/** Where every breaker stands that has something to tell. */
export async function listBreakers(env: Env): Promise<Standing[]> {
  return await breakersOf(env).list();
}

async function heldBy(env: Env, dependency: Dependency): Promise<number | undefined> {
  const trouble = troubles.get(dependency);
  const nowMs = Date.now();
  if (!trouble) return undefined;
  if (nowMs < trouble.openUntilMs) return trouble.openUntilMs;
  if (nowMs < trouble.forgetAtMs) return await askLeave(env, dependency);
  troubles.delete(dependency);
  return undefined;
}

/** A breaker that does not answer stops nobody: it is there to help. */
async function askLeave(env: Env, dependency: Dependency): Promise<number | undefined> {
  try {
    const leave = await breakersOf(env).admit(dependency);
    if (leave.admitted) return undefined;
    remember(dependency, leave.untilMs);
    return leave.untilMs;
  } catch (error) {
    log("warn", "breakers", "unreachable", { dependency, detail: String(error) });
  }
  return undefined;
}

async function reportFailure(env: Env, dependency: Dependency): Promise<Standing | undefined> {
  try {
    const standing = await breakersOf(env).reportFailure(dependency);
    remember(dependency, standing.openUntilMs);
    return standing;
  } catch (error) {
    log("warn", "breakers", "unreachable", { dependency, detail: String(error) });
    return undefined;
  }
}

async function reportSuccess(env: Env, dependency: Dependency): Promise<void> {
  try {
    const { state } = await breakersOf(env).reportSuccess(dependency);
    if (state === "closed") troubles.delete(dependency);
  } catch (error) {
    log("warn", "breakers", "unreachable", { dependency, detail: String(error) });
  }
}

function remember(dependency: Dependency, openUntilMs: number): void {
  troubles.set(dependency, { openUntilMs, forgetAtMs: Math.max(Date.now(), openUntilMs) + REMEMBER_MS });
}

function dependencyDown(dependency: Dependency, untilMs: number): MediaError {
  return new MediaError(
    "dependency_down",
    `${hostOf(dependency)} has failed several times and is left alone for a while.`,
    {
      retryAfterMs: Math.max(0, untilMs - Date.now()),
    },
  );
}

function breakersOf(env: Env): DurableObjectStub<CircuitBreakers> {
  return env.CIRCUIT_BREAKERS.getByName("all");
}
