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
import { type Conclusion, concludeDeliveries } from "./conclude-deliveries.ts";
import { type ClaimedDelivery, claimDeliveries, nextDueAt } from "./deliveries.ts";
import { attemptDelivery, type DeliveryContext, type TargetHealth } from "./delivery.ts";
import { dnsOverHttps } from "./resolve.ts";
import { AT_FIRST, windowAfter } from "./send-window.ts";

interface Kept {
  /** Its own name, which an alarm does not bring along. */
  target: string;
  breaker: Breaker;
}

/** New deliveries bring a ticket; what else is due need not be looked for more often. */
const SOON_MS = 1_000;

export class WebhookTarget extends DurableObject<Env> {
  #isWorking: boolean = false;
  /** There may be something due that was not claimed. */
  #isMoreDue: boolean = false;
  #sending = 0;
  /** How many may be under way while the breaker is closed. */
  #window: number = AT_FIRST;
  /** Attempts that were made and are not written down yet. */
  #made: Conclusion[] = [];
  #wake: (() => void) | undefined;

  /** Starts sending what is due to this target, as far as there is room. Does not wait for it. */
  async offer(target: string): Promise<void> {
    const kept = this.#kept();
    if (kept?.target !== target) this.#keep({ target, breaker: kept?.breaker ?? CLOSED });
    this.#look(target);
  }

  /** A retry is due, or the breaker's time is over. */
  override async alarm(): Promise<void> {
    const kept = this.#kept();
    if (kept) this.#look(kept.target);
  }

  #look(target: string): void {
    this.#isMoreDue = true;
    this.#goOn(target);
  }

  #goOn(target: string): void {
    this.#wake?.();
    if (!this.#isWorking) this.ctx.waitUntil(this.#work(target));
  }

  /**
   * Writes down what came of the attempts that were made, claims what is due, as much as there is room for, and begins
   * again as soon as an attempt has ended or a ticket has come: a burst costs a few calls of D1, not some for each.
   */
  async #work(target: string): Promise<void> {
    this.#isWorking = true;
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        await this.#writeDown();
        const room = this.#room() - this.#sending;
        if (this.#isMoreDue && room > 0) await this.#claim(target, room);
        else if (this.#sending > 0) await changed;
        else if (this.#made.length === 0) break;
      }
    } catch (error) {
      log("error", "webhooks", "sender_failed", { target, detail: String(error) });
    } finally {
      this.#isWorking = false;
    }
    await this.#wakeAgain(target);
  }

  async #writeDown(): Promise<void> {
    const made = this.#made.splice(0);
    if (made.length === 0) return;
    await concludeDeliveries(this.env.DB, made, Date.now());
    const again = made.flatMap(({ end }) => (end.state === "waiting" ? [end.nextAtMs] : []));
    if (again.length > 0) await this.#ringBy(Math.min(...again));
  }

  /** What comes while D1 is asked may have been missed by it, and is looked for once more. */
  async #claim(target: string, room: number): Promise<void> {
    this.#isMoreDue = false;
    const claimed = await claimDeliveries(this.env.DB, target, crypto.randomUUID(), room, Date.now());
    this.#isMoreDue ||= claimed.length === room;
    this.#sending += claimed.length;
    for (const each of claimed) this.ctx.waitUntil(this.#send(target, each));
  }

  /** One that cannot even be tried is due again when its lease has run out. */
  async #send(target: string, claimed: ClaimedDelivery): Promise<void> {
    try {
      const { conclusion, health, durationMs } = await attemptDelivery(this.#context(), claimed);
      this.#made.push(conclusion);
      this.#window = windowAfter(this.#window, health, durationMs);
      this.#learn(target, health);
    } catch (error) {
      log("error", "webhooks", "sender_failed", { target, detail: String(error) });
    }
    this.#sending--;
    this.#goOn(target);
  }

  /** Sets the alarm for the next delivery that is due, not before the breaker lets it through. */
  async #wakeAgain(target: string): Promise<void> {
    const dueAtMs = await nextDueAt(this.env.DB, target);
    if (dueAtMs !== undefined) await this.#ringBy(dueAtMs);
  }

  async #ringBy(dueAtMs: number): Promise<void> {
    const atMs = Math.max(dueAtMs, this.#breaker().openUntilMs, Date.now() + SOON_MS);
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

  #room(): number {
    return roomOf(this.#breaker(), { concurrent: this.#window }, Date.now());
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
