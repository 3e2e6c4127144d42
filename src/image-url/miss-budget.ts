import { DurableObject } from "cloudflare:workers";
import type { Env } from "../config.ts";
import { type Bucket, takeToken } from "./token-bucket.ts";

/**
 * How many images one client may still have made: one object for each client. It is asked only when an image has to be
 * made, so that a scan of widths cannot burn CPU and a page of images that exist costs nothing here.
 */
export class MissBudget extends DurableObject<Env> {
  /** 0 when a miss may go ahead, else the seconds after which one may. The state outlives the object's eviction. */
  take(perMinute: number): number {
    const { kv } = this.ctx.storage;
    const { bucket, waitSeconds } = takeToken(kv.get<Bucket>("bucket"), perMinute, Date.now());
    kv.put("bucket", bucket);
    return waitSeconds;
  }
}
