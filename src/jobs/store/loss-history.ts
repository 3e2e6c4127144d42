import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";

/** Whether another task of the job was done since this one was last lost: whatever it does, it does not hold all up. */
export async function hasJobMovedOn(d1: D1Database, taskId: string): Promise<boolean> {
  const row = await drizzle(d1).get(
    sql`SELECT 1 AS one FROM tasks AS own JOIN tasks AS other ON other.job_id = own.job_id AND other.state = 'done'
      WHERE own.id = ${taskId} AND other.finished_at > (SELECT max(a.finished_at) FROM attempts AS a
        WHERE a.task_id = own.id AND a.outcome = 'lost')
      LIMIT 1`,
  );
  return row !== undefined;
}
