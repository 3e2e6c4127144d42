import { DurableObject } from "cloudflare:workers";
import type { Env } from "../config.ts";
import {
  type DailyQuota,
  type DayUse,
  giveBack,
  leaseTokens,
  type QuotaAnswer,
  type RequestBucket,
  type Spending,
  spend,
  spendingToday,
  type TokenLease,
} from "./budget.ts";

/**
 * What is left to one API key, for all isolates: one object a key. Isolates lease requests from it by the dozen, so that
 * a burst asks here for one request in a hundred.
 */
export class KeyBudget extends DurableObject<Env> {
  async lease(perMinute: number, wanted: number): Promise<TokenLease> {
    const { kv } = this.ctx.storage;
    const { bucket, lease } = leaseTokens(kv.get<RequestBucket>("bucket"), perMinute, wanted, Date.now());
    kv.put("bucket", bucket);
    return lease;
  }

  async spend(quota: DailyQuota, wanted: Spending): Promise<QuotaAnswer> {
    const { kv } = this.ctx.storage;
    const { use, answer } = spend(kv.get<DayUse>("use"), quota, wanted, Date.now());
    kv.put("use", use);
    return answer;
  }

  /** What counts for today so far, where the key has a quota of it. */
  async used(): Promise<Spending> {
    const use = this.ctx.storage.kv.get<DayUse>("use");
    return spendingToday(use, Date.now());
  }

  async giveBack(day: number, spent: Spending): Promise<void> {
    const { kv } = this.ctx.storage;
    const use = giveBack(kv.get<DayUse>("use"), day, spent);
    if (use) kv.put("use", use);
  }
}
