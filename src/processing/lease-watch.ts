/**
 * The one Durable Object that looks at leases while there are any, and at what waits to be claimed. A job's own channel
 * notices a worker that falls silent; this notices one that never said a word: lost between its claim and its first
 * report, or before it had sent the ticket of what it left.
 */
import { DurableObject } from "cloudflare:workers";
import { type Env, LIMITS } from "../config.ts";
import { log } from "../log.ts";
import { sendLateTickets } from "./late-tickets.ts";
import { recoverExpired } from "./recover.ts";

/** Leases that one look takes back; the next one goes on. */
const BATCH = 50;
/** It goes on looking for so long after somebody meant to claim, whatever it finds. */
const STAY_MS = 60_000;
/** An isolate says no more often than this that it is about to claim. */
const ARM_EVERY_MS = 20_000;

export class LeaseWatch extends DurableObject<Env> {
  /** There is work, or somebody is about to claim: it is looked at from now on, until there is none. */
  async arm(): Promise<void> {
    const nowMs = Date.now();
    this.ctx.storage.kv.put("armedAtMs", nowMs);
    const nextMs = nowMs + LIMITS.leaseLookEveryMs;
    const set = await this.ctx.storage.getAlarm();
    // One that should have rung long ago went down with the process that was to ring it.
    const isComing = set !== null && set <= nextMs && set > nowMs - LIMITS.leaseLookEveryMs;
    if (!isComing) await this.ctx.storage.setAlarm(nextMs);
  }

  override async alarm(): Promise<void> {
    const armedAtMs = this.ctx.storage.kv.get<number>("armedAtMs") ?? 0;
    const found = await this.#look();
    if (found === "nothing" && Date.now() > armedAtMs + STAY_MS) return;
    await this.ctx.storage.setAlarm(Date.now() + (found === "more" ? 0 : LIMITS.leaseLookEveryMs));
  }

  /**
   * Takes back what ran out, and sends tickets for what was left; says whether there is reason to look again. When many
   * were lost at once there are more behind, and those wait for nobody.
   */
  async #look(): Promise<"more" | "work" | "nothing"> {
    try {
      const recovered = await recoverExpired(this.env, Date.now(), BATCH);
      if (recovered === BATCH) return "more";
      return (await sendLateTickets(this.env, Date.now())) ? "work" : "nothing";
    } catch (error) {
      log("error", "lease_watch", "look_failed", { detail: String(error) });
      return "work";
    }
  }
}

let armedAtMs = Number.NEGATIVE_INFINITY;

/**
 * Called before a claim, so that no lease can begin unseen, and for what was accepted, so that it is not left unclaimed.
 * When it fails, the minutely sweep is left.
 */
export async function armLeaseWatch(env: Env): Promise<void> {
  const nowMs = Date.now();
  if (Math.abs(nowMs - armedAtMs) < ARM_EVERY_MS) return;
  try {
    await env.LEASE_WATCH.getByName("all").arm();
    armedAtMs = nowMs;
  } catch (error) {
    log("warn", "lease_watch", "not_armed", { detail: String(error) });
  }
}
