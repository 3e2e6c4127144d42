import { DurableObject } from "cloudflare:workers";
import type { Env } from "../config.ts";
import { type Bucket, takeToken } from "./token-bucket.ts";

/** For how long an image that was paid for may be asked for again. */
const PAID_MS = 60_000;

/**
 * How many images one client may still have made: one object for each client. It is asked only when an image has to be
 * made, so that a scan of widths cannot burn CPU and a page of images that exist costs nothing here.
 */
export class MissBudget extends DurableObject<Env> {
  /** When images were paid for, Unix milliseconds, oldest first: who waits for one, or comes again for it, pays once. */
  private readonly paidAt = new Map<string, number>();

  /**
   * 0 when a miss may go ahead, else the seconds after which one may. What is left outlives the object's eviction.
   *
   * @param image names what is to be made
   */
  take(image: string, perMinute: number): number {
    const nowMs = Date.now();
    for (const [paid, atMs] of this.paidAt) {
      if (atMs > nowMs - PAID_MS) break;
      this.paidAt.delete(paid);
    }
    if (this.paidAt.has(image)) return 0;
    const { kv } = this.ctx.storage;
    const { bucket, waitSeconds } = takeToken(kv.get<Bucket>("bucket"), perMinute, nowMs);
    kv.put("bucket", bucket);
    if (waitSeconds === 0) this.paidAt.set(image, nowMs);
    return waitSeconds;
  }
}
