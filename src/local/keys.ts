import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Keys {
  /** Opens everything on this instance: the API's first admin key. */
  bootstrapAdminKey: string;
  /** Signs watch tokens, sessions and storage tokens. */
  tokenSecret: string;
}

/** The keys of the instance that lives in `stateDir`, made on its first start; only this user can read the file. */
export function keysOf(stateDir: string): Keys {
  const path = join(stateDir, "keys.json");
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Keys;
  const keys: Keys = {
    bootstrapAdminKey: `dr_${randomBytes(24).toString("base64url")}`,
    tokenSecret: randomBytes(32).toString("base64url"),
  };
  writeFileSync(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  return keys;
}
