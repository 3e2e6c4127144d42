import { type SQL, sql } from "drizzle-orm";
import { PRIORITIES } from "../../schema/jobs.ts";
import { type Lane, tasks } from "../../schema/tasks.ts";
import { CONCURRENT_RETRIES, RETRY_LOAD, RETRY_PATIENCE_MS } from "../retry-policy.ts";

interface Room {
  lane: Lane;
  nowMs: number;
  laneCapacity?: number;
}

/**
 * Whether a ready task may run beside what runs already: a first run always; a retry while fewer retries of its
 * priority run than may, and while its lane has room to spare, or it has waited long enough for that.
 *
 * The counts are of what is leased, which is never much, and are made once in a claim that meets a retry; one that
 * meets none does not make them.
 */
export function mayRun(room: Room): SQL {
  return sql`(${tasks.retryClass} IS NULL
    OR (${tasks.priority} NOT IN (${crowdedPriorities()}) AND ${hasSpareRoom(room)}))`;
}

function crowdedPriorities(): SQL {
  const crowded = PRIORITIES.map(
    (priority) => sql`SELECT ${priority} WHERE (SELECT count(*) FROM tasks AS retried
      WHERE retried.state = 'leased' AND retried.retry_class IS NOT NULL AND retried.priority = ${priority})
      >= ${CONCURRENT_RETRIES[priority]}`,
  );
  return sql.join(crowded, sql` UNION ALL `);
}

function hasSpareRoom({ lane, nowMs, laneCapacity }: Room): SQL {
  if (laneCapacity === undefined) return sql`1`;
  return sql`(${tasks.availableAt} <= ${nowMs - RETRY_PATIENCE_MS}
    OR (SELECT count(*) FROM tasks AS busy WHERE busy.state = 'leased' AND busy.lane = ${lane})
      <= ${laneCapacity} * CASE ${tasks.retryClass} WHEN 'resource' THEN ${RETRY_LOAD.resource} ELSE ${RETRY_LOAD.any} END)`;
}
