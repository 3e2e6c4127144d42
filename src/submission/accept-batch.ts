import type { Env } from "../config.ts";
import { type FieldError, MediaError, toMediaError } from "../errors.ts";
import { newId } from "../id.ts";
import { inUse } from "../idempotency/answer-once.ts";
import { isHeld, isStillHeld, keepAnswer, type Reservation } from "../idempotency/reservations.ts";
import type { BatchRow, JobRow, MediaRow } from "../jobs/claimed-task.ts";
import { acceptBatch, type BatchAcceptance } from "../jobs/store/accept-batch.ts";
import { readBatch } from "../jobs/store/read-batches.ts";
import { readManyMedia } from "../media/store.ts";
import type { BatchItem, BatchRequest } from "./batch-fields.ts";
import { jobFields } from "./job-fields.ts";
import type { PlannedJob } from "./plan-job.ts";
import { planSource } from "./plan-source.ts";
import { inputOf, planSubmission, webhookUrlOf } from "./plan-submission.ts";
import type { Submitter } from "./write-job.ts";

/** A batch that was accepted, and its jobs in the order of its items. */
export interface AcceptedBatch {
  batch: BatchRow;
  planned: BatchJob[];
}

type BatchJob = PlannedJob & { newMedia?: MediaRow };

export interface BatchSubmitter extends Omit<Submitter, "once"> {
  /** Under an `Idempotency-Key`. */
  once:
    | {
        reservation: Reservation;
        /** The answer to the batch, as it is kept. */
        keep(accepted: AcceptedBatch): Promise<{ fingerprint: string; sealed: string }>;
      }
    | undefined;
}

/**
 * Submits a batch: every item is validated before anything is written, then all jobs are, or none. Its jobs are made
 * whether or not the same was submitted a short while ago: a batch is a list, and whoever writes it wants that many.
 *
 * @throws MediaError `invalid_request` with the path of everything that does not fit in any item;
 * `idempotency_key_in_use` when the key was taken over by another request.
 */
export async function acceptBatchRequest(
  env: Env,
  request: BatchRequest,
  submitter: BatchSubmitter,
): Promise<AcceptedBatch> {
  const webhookUrl = await webhookUrlOf(env, request);
  const batch = batchRow(request, submitter, webhookUrl);
  const forJobs = { ...submitter, webhookUrl: request.webhook_mode === "item" ? webhookUrl : undefined };
  const planned = (await planItems(env, request, forJobs)).map((item) => ({
    ...item,
    job: { ...item.job, batchId: batch.id },
  }));
  const written = await write(env, { batch, planned }, submitter);
  if (written) {
    const isHeard = ({ id, hasChannel }: JobRow) => hasChannel || written.heard.has(id);
    return {
      batch,
      planned: planned.map((one) => ({ ...one, job: { ...one.job, hasChannel: isHeard(one.job) } })),
    };
  }
  throw new MediaError("conflict", "A media of the batch was deleted while it was being accepted.");
}

function batchRow(
  request: BatchRequest,
  submitter: BatchSubmitter,
  webhookUrl: string | undefined,
): BatchRow {
  const nowMs = Date.now();
  return {
    id: newId("batch", nowMs),
    owner: submitter.owner,
    onItemFailure: request.on_item_failure,
    run: 1,
    webhookUrl: request.webhook_mode === "batch" ? (webhookUrl ?? null) : null,
    requestId: submitter.requestId,
    traceparent: submitter.traceparent ?? null,
    status: null,
    createdAt: nowMs,
    finishedAt: null,
  };
}

type JobSubmitter = Parameters<typeof planSubmission>[4];

/** All items are looked at, so that whoever corrects them need not come back for each. */
async function planItems(
  env: Env,
  { items, defaults }: BatchRequest,
  submitter: JobSubmitter,
): Promise<BatchJob[]> {
  const known = await readManyMedia(
    env.DB,
    submitter.owner,
    items.flatMap((item) => item.media_id ?? []),
  );
  const errors: FieldError[] = [];
  const planned: BatchJob[] = [];
  for (const [index, item] of items.entries()) {
    try {
      planned.push(await planItem(env, { ...defaults, ...item }, known, submitter));
    } catch (thrown) {
      errors.push(...errorsOf(toMediaError(thrown), `items.${index}`));
    }
  }
  if (errors.length > 0)
    throw new MediaError("invalid_request", "Some items are not valid; see errors.", { errors });
  return planned;
}

async function planItem(
  env: Env,
  { media_id: mediaId, source_url: sourceUrl, ...item }: BatchItem,
  known: ReadonlyMap<string, MediaRow>,
  submitter: JobSubmitter,
): Promise<BatchJob> {
  const fields = jobFields.parse(item);
  if (mediaId === undefined) return await planSource(env, sourceUrl ?? "", fields, submitter);
  const media = known.get(mediaId);
  if (!media) {
    const message = `There is no media ${JSON.stringify(mediaId.slice(0, 64))}.`;
    throw new MediaError("invalid_request", message, { errors: [{ path: "media_id", message }] });
  }
  return (await planSubmission(env, fields, inputOf(media), media.id, submitter)).planned;
}

/** What is wrong with an item, under its path in the batch. Nothing is wrong with one that there is no room for. */
function errorsOf(error: MediaError, path: string): FieldError[] {
  if (error.status >= 500 || error.status === 429) throw error;
  if (error.errors.length === 0) return [{ path, message: error.message }];
  return error.errors.map((field) => ({ path: `${path}.${field.path}`, message: field.message }));
}

type Written = Awaited<ReturnType<typeof acceptBatch>>;

async function write(env: Env, accepted: AcceptedBatch, { once }: BatchSubmitter): Promise<Written> {
  const acceptance: BatchAcceptance = {
    batch: accepted.batch,
    newMedia: accepted.planned.flatMap(({ newMedia }) => newMedia ?? []),
    jobs: accepted.planned.map(({ job }) => job),
    tasks: accepted.planned.flatMap(({ tasks }) => tasks),
    dependencies: accepted.planned.flatMap(({ dependencies }) => dependencies),
  };
  if (!once) return await writeDown(env, acceptance);
  const kept = await once.keep(accepted);
  const written = await writeDown(env, {
    ...acceptance,
    condition: isHeld(once.reservation),
    alongside: (db, guard) => [keepAnswer(db, once.reservation, kept, guard)],
  });
  if (!written && !(await isStillHeld(env.DB, once.reservation))) throw inUse();
  return written;
}

/** Also when only the answer of the transaction that wrote it was lost; then nobody knows who listens. */
async function writeDown(env: Env, acceptance: BatchAcceptance): Promise<Written> {
  try {
    return await acceptBatch(env.DB, acceptance);
  } catch (error) {
    if (await readBatch(env.DB, acceptance.batch.owner, acceptance.batch.id)) return { heard: new Set() };
    throw error;
  }
}
