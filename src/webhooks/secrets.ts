/**
 * Signing secrets in D1. Unlike keys they are kept readable, because every attempt is signed anew; D1 encrypts at
 * rest, and no route shows one a second time.
 */
import { and, desc, eq, gt, type InferSelectModel, isNull, or, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import { newId } from "../id.ts";
import { webhookSecrets } from "../schema/webhooks.ts";
import { generateSecret } from "./signature.ts";

export type SecretRow = InferSelectModel<typeof webhookSecrets>;

/** Whose secret: an endpoint's, or with `null` the owner's default one. */
export interface SecretHolder {
  owner: string;
  endpointId: string | null;
}

/** A fresh secret; `isShown` when its holder is told it in this very answer. */
export function newSecret(holder: SecretHolder, nowMs: number, isShown: boolean): SecretRow {
  return {
    id: newId("secret", nowMs),
    owner: holder.owner,
    endpointId: holder.endpointId,
    secret: generateSecret(),
    createdAt: nowMs,
    shownAt: isShown ? nowMs : null,
    expiresAt: null,
  };
}

/** The secrets that sign now, newest first. */
export async function activeSecrets(
  d1: D1Database,
  holder: SecretHolder,
  nowMs: number,
): Promise<SecretRow[]> {
  return await drizzle(d1)
    .select()
    .from(webhookSecrets)
    .where(and(heldBy(holder), or(isNull(webhookSecrets.expiresAt), gt(webhookSecrets.expiresAt, nowMs))))
    .orderBy(desc(webhookSecrets.id));
}

/**
 * Gives a holder a new secret; those before it sign until `overlapMs` from now, and not beyond their own end.
 *
 * @param fresh of {@link newSecret}
 * @param alongside more statements of the same batch
 */
export async function rotateSecret(
  d1: D1Database,
  holder: SecretHolder,
  fresh: SecretRow,
  overlapMs: number,
  alongside: readonly BatchItem<"sqlite">[] = [],
): Promise<void> {
  const db = drizzle(d1);
  const until = fresh.createdAt + overlapMs;
  await db.batch([
    db
      .update(webhookSecrets)
      .set({ expiresAt: sql`min(coalesce(expires_at, ${until}), ${until})` })
      .where(heldBy(holder)),
    db.insert(webhookSecrets).values(fresh),
    ...alongside,
  ]);
}

/** Sees to it that an owner has a default secret, which may then be shown once. Safe to call at the same time. */
export async function ensureDefaultSecret(d1: D1Database, owner: string, nowMs: number): Promise<void> {
  const row = newSecret({ owner, endpointId: null }, nowMs, false);
  await d1
    .prepare(
      `INSERT INTO webhook_secrets (id, owner, endpoint_id, secret, created_at)
       SELECT ?1, ?2, NULL, ?3, ?4
       WHERE NOT EXISTS (SELECT 1 FROM webhook_secrets WHERE owner = ?2 AND endpoint_id IS NULL)`,
    )
    .bind(row.id, owner, row.secret, nowMs)
    .run();
}

/** The newest default secret of an owner, if nobody was shown it yet: from now on it counts as shown. */
export async function showDefaultSecret(
  d1: D1Database,
  owner: string,
  nowMs: number,
): Promise<SecretRow | undefined> {
  return await drizzle(d1)
    .update(webhookSecrets)
    .set({ shownAt: nowMs })
    .where(
      and(
        heldBy({ owner, endpointId: null }),
        isNull(webhookSecrets.shownAt),
        isNull(webhookSecrets.expiresAt),
      ),
    )
    .returning()
    .get();
}

/** Forgets secrets that sign no more. */
export async function deleteExpiredSecrets(d1: D1Database, nowMs: number): Promise<void> {
  await drizzle(d1).delete(webhookSecrets).where(sql`expires_at <= ${nowMs}`);
}

function heldBy({ owner, endpointId }: SecretHolder) {
  return and(
    eq(webhookSecrets.owner, owner),
    endpointId === null ? isNull(webhookSecrets.endpointId) : eq(webhookSecrets.endpointId, endpointId),
  );
}
