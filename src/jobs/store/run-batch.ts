import type { BatchItem } from "drizzle-orm/batch";
import type { DrizzleD1Database } from "drizzle-orm/d1";

type Statement = BatchItem<"sqlite">;

/** What a statement of a batch gave. */
type ResultOf = <S extends Statement>(statement: S) => Awaited<S>;

/**
 * Runs statements in their order as one D1 batch: all of them or none. `false` stands for one that has nothing to do,
 * which is left out. What a statement gave is asked for by the statement itself, wherever it stands.
 */
export async function runBatch(
  db: DrizzleD1Database,
  statements: readonly (Statement | false)[],
): Promise<ResultOf> {
  const run = statements.filter((statement) => statement !== false);
  const results: unknown[] = await db.batch(run as [Statement, ...Statement[]]);
  return <S extends Statement>(statement: S) => results[run.indexOf(statement)] as Awaited<S>;
}
