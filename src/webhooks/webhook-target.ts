/**
 * One Durable Object for each target of webhooks, so that a dead endpoint uses up its own time and nobody else's. It
 * sends what is due in D1, a few at once, and holds the breaker. What it holds can be lost: D1 has the deliveries.
 */
import { DurableObject } from "cloudflare:workers";
import {
  afterFailure,
  afterPause,
  afterSuccess,
  BREAKERS,
  type Breaker,
  CLOSED,
  roomOf,
} from "../breaker.ts";
import { configOf, type Env } from "../config.ts";
import { log } from "../log.ts";
import { type ClaimedDelivery, claimDelivery, nextDueAt } from "./deliveries.ts";
import { attemptDelivery, type DeliveryContext, type TargetHealth } from "./delivery.ts";
import { dnsOverHttps } from "./resolve.ts";

interface Kept {
  /** Its own name, which an alarm does not bring along. */
  target: string;
  breaker: Breaker;
}

/** New deliveries bring a ticket; what else is due need not be looked for more often. */
const SOON_MS = 1_000;

export class WebhookTarget extends DurableObject<Env> {
  #sending = 0;
  /** Senders that ask D1 now what is due; whoever comes meanwhile need not ask as well. */
  #looking = 0;
  #lookAgain = false;

  /** Starts sending what is due to this target, as far as there is room. Does not wait for it. */
  async offer(target: string): Promise<void> {
    const kept = this.#kept();
    if (kept?.target !== target) this.#keep({ target, breaker: kept?.breaker ?? CLOSED });
    await this.#fill();
  }

  /** A retry is due, or the breaker's time is over. */
  override async alarm(): Promise<void> {
    await this.#fill();
  }

  async #fill(): Promise<void> {
    const kept = this.#kept();
    if (!kept) return;
    if (this.#looking > 0) this.#lookAgain = true;
    else if (this.#hasRoom()) this.ctx.waitUntil(this.#work(kept.target));
    else await this.#wakeAgain(kept.target);
  }

  /** Sends one delivery after the other until none is due or the breaker says stop. */
  async #work(target: string): Promise<void> {
    this.#sending++;
    try {
      while (this.#sending <= roomOf(this.#breaker(), BREAKERS.webhook, Date.now())) {
        const claimed = await this.#claim(target);
        if (!claimed) break;
        // Where one was due there may be more: a sender too many finds out with one query.
        if (this.#hasRoom()) this.ctx.waitUntil(this.#work(target));
        this.#learn(target, await attemptDelivery(this.#context(), claimed));
      }
    } catch (error) {
      log("error", "webhooks", "sender_failed", { target, detail: String(error) });
    } finally {
      this.#sending--;
    }
    await this.#wakeAgain(target);
  }

  /** A delivery that came while D1 was asked may have been missed by it: then it is asked once more. */
  async #claim(target: string): Promise<ClaimedDelivery | undefined> {
    for (;;) {
      this.#looking++;
      this.#lookAgain = false;
      try {
        const claimed = await claimDelivery(this.env.DB, target, crypto.randomUUID(), Date.now());
        if (claimed || !this.#lookAgain) return claimed;
      } finally {
        this.#looking--;
      }
    }
  }

  /** Sets the alarm for the next delivery that is due, not before the breaker lets it through. */
  async #wakeAgain(target: string): Promise<void> {
    const dueAtMs = await nextDueAt(this.env.DB, target);
    if (dueAtMs === undefined) return;
    const nowMs = Date.now();
    const { openUntilMs } = this.#breaker();
    // What is due finds every place taken: the first sender to end takes it.
    if (dueAtMs <= nowMs && openUntilMs <= nowMs && !this.#hasRoom()) return;
    const atMs = Math.max(dueAtMs, openUntilMs, nowMs + SOON_MS);
    const set = await this.ctx.storage.getAlarm();
    if (set === null || atMs < set) await this.ctx.storage.setAlarm(atMs);
  }

  #learn(target: string, health: TargetHealth): void {
    const before = this.#breaker();
    const after = breakerAfter(before, health, Date.now());
    if (after === before) return;
    this.#keep({ target, breaker: after });
    if (after.openUntilMs > before.openUntilMs) log("warn", "webhooks", "breaker_opened", { target });
  }

  #context(): DeliveryContext {
    const config = configOf(this.env);
    const { webhookResolverUrl } = config;
    return {
      d1: this.env.DB,
      config,
      resolve: webhookResolverUrl === undefined ? undefined : dnsOverHttps(webhookResolverUrl),
      now: Date.now,
      random: Math.random,
    };
  }

  #hasRoom(): boolean {
    return this.#sending < roomOf(this.#breaker(), BREAKERS.webhook, Date.now());
  }

  #breaker(): Breaker {
    return this.#kept()?.breaker ?? CLOSED;
  }

  #kept(): Kept | undefined {
    return this.ctx.storage.kv.get<Kept>("kept");
  }

  #keep(kept: Kept): void {
    this.ctx.storage.kv.put("kept", kept);
  }
}

function breakerAfter(breaker: Breaker, health: TargetHealth, nowMs: number): Breaker {
  switch (health.health) {
    case "good":
      return afterSuccess(breaker, nowMs);
    case "bad":
      return afterFailure(breaker, BREAKERS.webhook, nowMs);
    case "paused":
      return afterPause(breaker, health.untilMs);
    case "unknown":
      return breaker;
  }
}
