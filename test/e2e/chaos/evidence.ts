/** What a stopped instance has left on disk: the rows of its D1 and the keys of its R2, read from their files. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface AttemptEvidence {
  task_id: string;
  job_id: string;
  number: number;
  outcome: string;
  started_at: number;
  finished_at: number | null;
}

export interface Evidence {
  jobs: { id: string; status: string; error: string | null }[];
  tasks: { id: string; job_id: string; kind: string; lane: string; state: string }[];
  /** In the order in which they were made. */
  attempts: AttemptEvidence[];
  outputs: { job_id: string; name: string; object_key: string }[];
  /** Ends of jobs that were to be told. */
  ends: { job_id: string; type: string }[];
  /** Originals that a row stands for. */
  originals: Set<string>;
  /** Ids of media that are there. */
  media: Set<string>;
  /** Every object in storage. */
  keys: string[];
}

const D1_FOLDER = "storage/v3/d1/miniflare-D1DatabaseObject";

export function readEvidence(stateDir: string): Evidence {
  const d1 = openDatabase(join(stateDir, D1_FOLDER));
  const r2 = openDatabase(join(stateDir, "storage/v3/r2/miniflare-R2BucketObject"));
  const all = <T>(query: string) => d1.prepare(query).all() as T[];
  try {
    return {
      jobs: all("SELECT id, status, error FROM jobs"),
      tasks: all("SELECT id, job_id, kind, lane, state FROM tasks"),
      attempts: all("SELECT * FROM attempts ORDER BY task_id, number"),
      outputs: all("SELECT job_id, name, object_key FROM outputs"),
      ends: all(
        "SELECT job_id, type FROM events WHERE type IN ('job.completed', 'job.failed', 'job.cancelled')",
      ),
      originals: new Set(
        all<{ key: string }>(
          "SELECT object_key AS key FROM media UNION SELECT object_key AS key FROM uploads",
        ).map(({ key }) => key),
      ),
      media: new Set(all<{ id: string }>("SELECT id FROM media").map(({ id }) => id)),
      keys: (r2.prepare("SELECT key FROM _mf_objects").all() as { key: string }[]).map(({ key }) => key),
    };
  } finally {
    d1.close();
    r2.close();
  }
}

/** When a task was done last, Unix milliseconds, of an instance that runs; 0: none was, or it cannot be told now. */
export function lastDoneMs(stateDir: string): number {
  try {
    const d1 = openDatabase(join(stateDir, D1_FOLDER), true);
    try {
      const row = d1.prepare("SELECT max(finished_at) AS at FROM attempts WHERE outcome = 'done'").get();
      return Number(row?.at ?? 0);
    } finally {
      d1.close();
    }
  } catch {
    return 0;
  }
}

/** The one database in a folder beside the runtime's own. */
function openDatabase(folder: string, readOnly = false): DatabaseSync {
  const name = readdirSync(folder).find((file) => /^[0-9a-f]{32,}\.sqlite$/.test(file));
  if (!name) throw new Error(`There is no database in ${folder}.`);
  return new DatabaseSync(join(folder, name), { readOnly });
}

/**
 * Objects that no row stands for: what attempts that do not count have left behind, originals of nothing, and copies of
 * what is not there any more.
 */
export function strayKeys({ attempts, originals, media, keys }: Evidence): string[] {
  const counted = new Set(
    attempts
      .filter(({ outcome }) => outcome === "done")
      .map((attempt) => `outputs/${attempt.job_id}/${attempt.task_id}.${attempt.number}/`),
  );
  return keys.filter((key) => {
    const [root, id = ""] = key.split("/");
    if (root === "derived") return !media.has(id);
    if (root !== "outputs") return !originals.has(key);
    return !counted.has(key.split("/").slice(0, 3).join("/").concat("/"));
  });
}
