import type { SQL } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Context } from "hono";
import type { Env } from "./config.ts";
import type { Scope } from "./schema/access.ts";

/** Who asks: the owner whose resources they may see, and what they may do with them. */
export interface Caller {
  owner: string;
  scopes: readonly Scope[];
  /** `key_…`, `bootstrap`, or `watch` for a job-scoped token. */
  keyId: string;
  /** What its key is limited to, where that differs from what any key is. */
  limits?: {
    requestsPerMinute?: number | undefined;
    daily: { jobs?: number | undefined; bytes?: number | undefined };
    /** Processor time that its jobs may use a day (UTC), and what they used on the latest day on which they did. */
    cpu?: { secondsPerDay: number; day: number; seconds: number } | undefined;
  };
  /** Came with the browser's session cookie: writes need CSRF protection. */
  viaSession: boolean;
}

/** What every handler finds on Hono's context. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    traceparent: string | undefined;
    caller: Caller;
    /** Under an `Idempotency-Key`. */
    keepAnswer?: KeepAnswer;
  };
}

/**
 * The statements that keep an answer under the request's key, for the D1 batch that makes what it promises: neither is
 * ever there without the other. That batch fails when the key was lost to another request. With `guard` the answer is
 * kept only while that holds behind the statements before it.
 */
export type KeepAnswer = (answer: Response, guard?: SQL) => Promise<BatchItem<"sqlite">[]>;

/** What keeps an answer of this request; nothing does without a key. */
export async function keptWith(c: AppContext, answer: Response, guard?: SQL): Promise<BatchItem<"sqlite">[]> {
  return (await c.get("keepAnswer")?.(answer, guard)) ?? [];
}

export type AppContext = Context<AppEnv>;
