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
  };
}

export type AppContext = Context<AppEnv>;
