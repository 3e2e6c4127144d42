/** Who may call, and what was answered under which key. Times are Unix milliseconds. */
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const SCOPES = ["read", "write", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** A key is shown once; only its SHA-256 (hex) is kept. */
export const apiKeys = sqliteTable("api_keys", {
  id: text().primaryKey(),
  hash: text().notNull().unique(),
  owner: text().notNull(),
  name: text().notNull(),
  scopes: text({ mode: "json" }).$type<Scope[]>().notNull(),
  /** Null: what the deployment allows any key. */
  requestsPerMinute: integer("requests_per_minute"),
  /** By the day (UTC); null: as many as one likes. */
  jobsPerDay: integer("jobs_per_day"),
  bytesPerDay: integer("bytes_per_day"),
  /** Processor time of the processes that its jobs ran; counted for every key. */
  cpuSecondsPerDay: integer("cpu_seconds_per_day"),
  /** The latest day on which some was counted, in days since 1970 (UTC), and how much that was. */
  cpuDay: integer("cpu_day"),
  cpuSeconds: real("cpu_seconds").notNull().default(0),
  createdAt: integer("created_at").notNull(),
  revokedAt: integer("revoked_at"),
});

/**
 * The `Idempotency-Key` of a request that creates: first reserved, under a lease, then answered. Kept for 24 h from
 * its first use.
 */
export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    owner: text().notNull(),
    key: text().notNull(),
    /** Of whoever works on the request, or has answered it. */
    token: text().notNull(),
    leaseUntil: integer("lease_until").notNull(),
    /** What the request asked for; known once it is answered. */
    fingerprint: text(),
    /** Encrypted (`idempotency/sealed-answer.ts`); absent while the request is worked on. */
    answer: text(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.owner, table.key] }),
    index("idempotency_keys_created").on(table.createdAt),
  ],
);
