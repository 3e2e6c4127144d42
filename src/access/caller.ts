import { type Config, configOf, type Env } from "../config.ts";
import type { Caller } from "../request-context.ts";
import { SCOPES } from "../schema/access.ts";
import { hashKey, keysMatch } from "./key.ts";
import { findKeyByHash, findKeyById, type KeyRow } from "./keys.ts";

export const BOOTSTRAP_KEY_ID = "bootstrap";

/** Who holds this key, or `undefined` when nobody does (any more). */
export async function callerOfKey(env: Env, key: string): Promise<Caller | undefined> {
  const { bootstrapAdminKey } = configOf(env);
  if (bootstrapAdminKey !== undefined && (await keysMatch(key, bootstrapAdminKey))) return bootstrapCaller();
  const row = await findKeyByHash(env.DB, await hashKey(key));
  return row && callerOfRow(row);
}

/** Who a key id stands for now: a revoked key, or a bootstrap key that is no longer set, stands for nobody. */
export async function callerOfKeyId(env: Env, keyId: string): Promise<Caller | undefined> {
  if (keyId === BOOTSTRAP_KEY_ID) return hasBootstrapKey(configOf(env)) ? bootstrapCaller() : undefined;
  const row = await findKeyById(env.DB, keyId);
  return row && callerOfRow(row);
}

function hasBootstrapKey(config: Config): boolean {
  return config.bootstrapAdminKey !== undefined;
}

function bootstrapCaller(): Caller {
  return { owner: "default", scopes: SCOPES, keyId: BOOTSTRAP_KEY_ID, viaSession: false };
}

function callerOfRow(row: KeyRow): Caller {
  const { owner, scopes, id: keyId, requestsPerMinute, jobsPerDay, bytesPerDay, cpuSecondsPerDay } = row;
  if ([requestsPerMinute, jobsPerDay, bytesPerDay, cpuSecondsPerDay].every((limit) => limit === null)) {
    return { owner, scopes, keyId, viaSession: false };
  }
  const cpu =
    cpuSecondsPerDay === null
      ? undefined
      : { secondsPerDay: cpuSecondsPerDay, day: row.cpuDay ?? 0, seconds: row.cpuSeconds };
  const daily = { jobs: jobsPerDay ?? undefined, bytes: bytesPerDay ?? undefined };
  return {
    owner,
    scopes,
    keyId,
    viaSession: false,
    limits: { requestsPerMinute: requestsPerMinute ?? undefined, daily, cpu },
  };
}
