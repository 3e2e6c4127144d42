/**
 * The one Durable Object that knows what is down. Workers report failures to it and ask it only when they have met
 * one lately, so while all is well it costs nothing. What it holds can be lost: it is then learnt anew.
 */
import { DurableObject } from "cloudflare:workers";
import {
  admit,
  afterFailure,
  afterSuccess,
  BREAKERS,
  type BreakerPolicy,
  type BreakerState,
  CLOSED,
  type Gate,
  OPEN_GATE,
  stateOf,
} from "../breaker.ts";
import type { Env } from "../config.ts";
import { log } from "../log.ts";

/** Other people's hosts, each as one owner uses it: what one owner's settings break there is not another's trouble. */
export type HostDependency = `${"ship" | "source"}:${string}@${string}`;

/** What tasks depend on: the service's own storage and database, and other people's hosts. */
export type Dependency = "storage" | "d1" | HostDependency;

/** The host of a dependency; undefined for the service's own. A host has no `@`, an owner may. */
export function hostOf(dependency: Dependency): string | undefined {
  return dependency.includes("@") ? dependency.slice(dependency.lastIndexOf("@") + 1) : undefined;
}

/** Where a breaker stands. */
export interface Standing {
  dependency: Dependency;
  state: BreakerState;
  /** Failures within the window of its policy. */
  failures: number;
  /** When it lets the next one through, Unix milliseconds; past or 0 when it is not open. */
  openUntilMs: number;
}

export type Leave = { admitted: true; state: BreakerState } | { admitted: false; untilMs: number };

/** An attempt that was let through on trial has this long to report before the next one is. */
const TRIAL_MS = 30_000;
/** A host that nobody has asked for so long is forgotten, and begins anew. */
const FORGET_MS = 3_600_000;

export class CircuitBreakers extends DurableObject<Env> {
  /** Asks for leave to use a dependency. Whoever gets it reports how it went. */
  async admit(dependency: Dependency): Promise<Leave> {
    const gate = this.#gate(dependency);
    const answer = admit(gate, TRIAL_MS, Date.now());
    if (!answer.admitted) return answer;
    if (answer.gate !== gate) this.#keep(dependency, answer.gate);
    return { admitted: true, state: stateOf(gate.breaker, Date.now()) };
  }

  async reportFailure(dependency: Dependency): Promise<Standing> {
    const nowMs = Date.now();
    const before = this.#gate(dependency).breaker;
    const breaker = afterFailure(before, this.#policy(dependency, nowMs), nowMs);
    this.#keep(dependency, { breaker, trialUntilMs: 0 });
    if (breaker.openUntilMs > before.openUntilMs) log("warn", "breakers", "opened", { dependency });
    await this.#wakeAt(breaker.openUntilMs > nowMs ? breaker.openUntilMs : nowMs + FORGET_MS);
    return standingOf(dependency, breaker, nowMs);
  }

  async reportSuccess(dependency: Dependency): Promise<Standing> {
    const nowMs = Date.now();
    const before = this.#gate(dependency).breaker;
    const breaker = afterSuccess(before, nowMs);
    if (breaker === CLOSED) this.#forget(dependency);
    if (breaker !== before && before.onTrial) log("info", "breakers", "closed", { dependency });
    return standingOf(dependency, breaker, nowMs);
  }

  /** Everything that has failed lately; the service's own two are always listed. */
  async list(): Promise<Standing[]> {
    const nowMs = Date.now();
    const known = new Set<Dependency>(["storage", "d1", ...this.#known().keys()]);
    return [...known].map((dependency) => standingOf(dependency, this.#gate(dependency).breaker, nowMs));
  }

  /** The service's own parts are tried from here when their time is over, so that no task has to be the one. */
  override async alarm(): Promise<void> {
    for (const [dependency, { breaker }] of this.#known()) {
      const nowMs = Date.now();
      if (stateOf(breaker, nowMs) === "half_open") await this.#tryOut(dependency);
      const lastMs = Math.max(breaker.openUntilMs, ...breaker.failures);
      if (nowMs >= lastMs + FORGET_MS) this.#forget(dependency);
    }
    const dueMs = Math.min(
      ...[...this.#known().values()].map(({ breaker }) => nextLookMs(breaker, Date.now())),
    );
    if (Number.isFinite(dueMs)) await this.ctx.storage.setAlarm(dueMs);
  }

  async #tryOut(dependency: Dependency): Promise<void> {
    const attempt = TRIALS[dependency as keyof typeof TRIALS];
    if (!attempt) return;
    try {
      await attempt(this.env);
      await this.reportSuccess(dependency);
    } catch (error) {
      log("warn", "breakers", "trial_failed", { dependency, detail: String(error) });
      await this.reportFailure(dependency);
    }
  }

  /** A host that is down for somebody else already costs whoever comes next one failure, but never without one. */
  #policy(dependency: Dependency, nowMs: number): BreakerPolicy {
    const policy = policyOf(dependency);
    const host = hostOf(dependency);
    const isDown = ([other, { breaker }]: [Dependency, Gate]) =>
      other !== dependency && hostOf(other) === host && stateOf(breaker, nowMs) !== "closed";
    return host !== undefined && [...this.#known()].some(isDown) ? { ...policy, failures: 1 } : policy;
  }

  async #wakeAt(atMs: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm();
    if (set === null || atMs < set) await this.ctx.storage.setAlarm(atMs);
  }

  #gate(dependency: Dependency): Gate {
    return this.ctx.storage.kv.get<Gate>(dependency) ?? OPEN_GATE;
  }

  #known(): Map<Dependency, Gate> {
    return new Map([...this.ctx.storage.kv.list<Gate>()] as [Dependency, Gate][]);
  }

  #keep(dependency: Dependency, gate: Gate): void {
    this.ctx.storage.kv.put(dependency, gate);
  }

  #forget(dependency: Dependency): void {
    this.ctx.storage.kv.delete(dependency);
  }
}

const TRIALS = {
  storage: async (env: Env) => void (await env.MEDIA.head("readyz")),
  d1: async (env: Env) => void (await env.DB.prepare("SELECT 1").first()),
} as const;

function policyOf(dependency: Dependency): BreakerPolicy {
  const [kind = ""] = dependency.split(":");
  return BREAKERS[kind as keyof typeof BREAKERS];
}

function nextLookMs({ openUntilMs, failures }: Gate["breaker"], nowMs: number): number {
  return nowMs < openUntilMs ? openUntilMs : Math.max(openUntilMs, ...failures, nowMs) + FORGET_MS;
}

function standingOf(dependency: Dependency, breaker: Gate["breaker"], nowMs: number): Standing {
  const { windowMs } = policyOf(dependency);
  const recent = breaker.failures.filter((atMs) => atMs > nowMs - windowMs);
  const { openUntilMs } = breaker;
  return { dependency, state: stateOf(breaker, nowMs), failures: recent.length, openUntilMs };
}
