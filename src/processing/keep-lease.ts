import { type Env, LIMITS } from "../config.ts";
import type { Lease } from "../jobs/claimed-task.ts";
import { renewLease } from "../jobs/store/renew-lease.ts";

interface LeaseKeeping {
  /** Whether the work is still alive; what is not is not renewed, and loses its lease by itself. */
  isAlive?: () => boolean;
  /** The lease was taken back: nothing that the attempt does counts any more. */
  onLost: () => void;
}

/**
 * Renews a lease while its work goes on: the first time soon, as the lease of a claim is short, then less often. Where
 * the database did not answer it is tried again soon.
 *
 * @returns stops it.
 */
export function keepLease(env: Env, lease: Lease, { isAlive, onLost }: LeaseKeeping): () => void {
  let stopped = false;
  let timer = setTimeout(renew, LIMITS.firstRenewMs);

  async function renew(): Promise<void> {
    const answer = isAlive?.() === false ? "held" : await tryRenewal(env, lease);
    if (stopped) return;
    if (answer === "lost") onLost();
    timer = setTimeout(renew, answer === "held" ? LIMITS.renewEveryMs : LIMITS.firstRenewMs);
  }

  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function tryRenewal(env: Env, lease: Lease): Promise<"held" | "lost" | "unknown"> {
  try {
    return (await renewLease(env.DB, lease, Date.now())) ? "held" : "lost";
  } catch {
    return "unknown";
  }
}
