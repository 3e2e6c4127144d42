import { drizzle } from "drizzle-orm/d1";
import {
  attempts,
  deadLetters,
  jobRuns,
  jobs,
  media,
  outputFailures,
  outputs,
  taskDependencies,
  tasks,
} from "../../src/schema.ts";
import { testEnv } from "../fixtures/app.ts";
import type { Rows } from "./world.ts";

/** All rows at one moment. */
export async function allRows(): Promise<Rows> {
  const db = drizzle(testEnv.DB);
  const [allJobs, allTasks, allAttempts, allOutputs, allFailures, allRuns, allLetters, allDependencies] =
    await db.batch([
      db.select().from(jobs),
      db.select().from(tasks),
      db.select().from(attempts),
      db.select().from(outputs),
      db.select().from(outputFailures),
      db.select().from(jobRuns),
      db.select().from(deadLetters),
      db.select().from(taskDependencies),
    ]);
  return {
    jobs: allJobs,
    tasks: allTasks,
    attempts: allAttempts,
    outputs: allOutputs,
    outputFailures: allFailures,
    jobRuns: allRuns,
    deadLetters: allLetters,
    dependencies: allDependencies,
  };
}

export async function deleteAllRows(): Promise<void> {
  const db = drizzle(testEnv.DB);
  await db.batch([
    db.delete(media),
    db.delete(jobs),
    db.delete(tasks),
    db.delete(taskDependencies),
    db.delete(attempts),
    db.delete(outputs),
    db.delete(outputFailures),
    db.delete(jobRuns),
    db.delete(deadLetters),
  ]);
}
