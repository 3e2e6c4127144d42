import { configOf, type Env, LIMITS } from "../config.ts";
import type { ClaimedTask } from "../jobs/claimed-task.ts";
import { settleFetch } from "../jobs/store/settle-fetch.ts";
import type { StageName } from "../progress/stages.ts";
import { type IncomingFile, openIncomingFile } from "../submission/incoming-file.ts";
import { jobFields } from "../submission/job-fields.ts";
import { planSubmission, withContentHash } from "../submission/plan-submission.ts";
import { policyOf, resolverOf } from "../webhooks/check-url.ts";
import { throughBreaker } from "./breakers.ts";
import type { TaskOutcome } from "./conclude.ts";
import type { IsolateContext } from "./image-task.ts";
import { type OpenSource, openSource } from "./open-source.ts";
import { TASK_SPECS } from "./task-spec.ts";

/**
 * Fetches a job's original from its `source_url` into R2, finds out what it is, and plans the job on from there just
 * as if it had been uploaded. The original lies under a key of this attempt's own, which counts when the attempt does;
 * whatever goes wrong, it is removed.
 */
export async function runFetchTask(claimed: ClaimedTask, context: IsolateContext): Promise<TaskOutcome> {
  const { env } = context;
  const { url } = TASK_SPECS.fetch.parse(claimed.task.spec);
  await context.report("fetching", 0);
  const source = await throughBreaker(env, `source:${claimed.job.owner}@${new URL(url).host}`, () =>
    openSource(url, worldOf(env)),
  );
  const file = await openIncomingFile(env, claimed.job.owner, source, Date.now(), {
    mediaId: claimed.job.mediaId,
    objectKey: `media/${claimed.job.mediaId}/original.${claimed.lease.token}`,
    maxBytes: LIMITS.maxSourceBytes,
  });
  try {
    await receive(file, source, context);
    return await planOn(env, claimed, file);
  } catch (error) {
    await file.discard();
    throw error;
  }
}

function worldOf(env: Env): Parameters<typeof openSource>[1] {
  const config = configOf(env);
  const limits = {
    maxBytes: LIMITS.maxSourceBytes,
    timeoutMs: LIMITS.fetchTimeoutMs,
    stallMs: LIMITS.fetchStallMs,
  };
  return { policy: policyOf(config), resolve: resolverOf(config), limits };
}

/** Between two reports of how much has arrived. */
const REPORT_EVERY_BYTES = 8_000_000;

async function receive(file: IncomingFile, source: OpenSource, context: IsolateContext): Promise<void> {
  let bytes = 0;
  let reported = 0;
  for await (const chunk of source.chunks()) {
    context.checkpoint();
    await file.write(chunk);
    bytes += chunk.length;
    if (source.declaredBytes === undefined || bytes - reported < REPORT_EVERY_BYTES) continue;
    reported = bytes;
    await context.report("fetching", bytes / source.declaredBytes);
  }
}

async function planOn(env: Env, { job, task }: ClaimedTask, file: IncomingFile): Promise<TaskOutcome> {
  const inspected = await file.inspect();
  const fields = jobFields.parse(TASK_SPECS.fetch.parse(task.spec).fields);
  const submission = await planSubmission(
    env,
    fields,
    inspected,
    job.mediaId,
    {
      owner: job.owner,
      keyId: job.keyId,
      requestId: job.requestId,
      traceparent: job.traceparent ?? undefined,
      webhookUrl: job.webhookUrl ?? undefined,
    },
    { jobId: job.id, nowMs: job.createdAt },
  );
  const media = await file.store(inspected, job.owner, job.createdAt);
  // A job of a batch neither holds the slot of its content nor is answered by it.
  const planned =
    job.batchId === null ? await withContentHash(env, submission, media.sha256, fields) : submission.planned;
  const stages: StageName[] = ["fetching", ...(planned.job.stages as StageName[])];
  const fetched = { media, uploadId: file.uploadId, planned: { ...planned.job, stages } };
  const slot = {
    createdAfterMs: job.createdAt - configOf(env).dedupeWindowMs,
    isForced: fields.force_new,
  };
  return {
    result: null,
    files: [],
    newTasks: planned.tasks,
    newDependencies: planned.dependencies,
    notes: planned.job.notes,
    stages,
    alongside: (db, guard) => settleFetch(db, job, fetched, slot, guard),
    discard: () => file.discard(),
  };
}
