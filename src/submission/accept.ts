import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import type { ImageProbe } from "../image/probe.ts";
import type { MediaRow } from "../jobs/claimed-task.ts";
import { type Acceptance, acceptJob } from "../jobs/store/accept-job.ts";
import { readJob } from "../jobs/store/read-jobs.ts";
import { readMedia } from "../media/store.ts";
import { requireTarget } from "../webhooks/check-url.ts";
import { type IncomingFile, openIncomingFile } from "./incoming-file.ts";
import { type JobFields, parseJobFields } from "./job-fields.ts";
import { type MultipartEvent, readMultipart } from "./multipart-body.ts";
import { type PlannedInput, type PlannedJob, planJob } from "./plan-job.ts";
import { DEFAULT_OUTPUTS } from "./presets.ts";
import { resolveOutputs } from "./resolve-outputs.ts";

/** Who submits, and the ids that go with the job to the end. */
export interface Submitter {
  owner: string;
  requestId: string;
  traceparent: string | undefined;
}

/**
 * Takes a multipart job. The file streams into R2 while it arrives; media, job and tasks are written in one batch
 * when everything was found valid. Whatever is wrong, and wherever it stops, nothing stays behind.
 */
export async function acceptMultipart(
  env: Env,
  body: ReadableStream<Uint8Array>,
  contentType: string,
  submitter: Submitter,
): Promise<PlannedJob> {
  const received: Received = { fields: new Map(), file: undefined };
  try {
    for await (const event of readMultipart(body, contentType))
      await receive(env, received, event, submitter);
    if (!received.file)
      throw new MediaError("missing_file", "The body has no part named input_file with a file name.");
    return await acceptFile(env, received.file, parseJobFields(received.fields), submitter);
  } catch (error) {
    await received.file?.discard();
    throw error;
  }
}

/** Submits a job on media that is already stored. */
export async function acceptStored(
  env: Env,
  mediaId: string,
  fields: JobFields,
  submitter: Submitter,
): Promise<PlannedJob> {
  const media = await readMedia(env.DB, submitter.owner, mediaId);
  if (!media) throw noSuchMedia(mediaId);
  const webhookUrl = await webhookUrlOf(env, fields);
  const planned = plan(fields, inputOf(media), media.id, { ...submitter, webhookUrl });
  const accepted = await acceptJob(env.DB, { ...planned, dependencies: [] });
  if (!accepted) throw noSuchMedia(mediaId);
  return planned;
}

interface Received {
  fields: Map<string, string>;
  file: IncomingFile | undefined;
}

async function receive(
  env: Env,
  received: Received,
  event: MultipartEvent,
  submitter: Submitter,
): Promise<void> {
  switch (event.type) {
    case "field":
      if (received.fields.has(event.name)) throw refuseField(event.name, "This field was sent twice.");
      received.fields.set(event.name, event.value);
      return;
    case "file":
      if (event.name !== "input_file")
        throw refuseField(event.name, "The file goes into a part named input_file.");
      if (received.file) throw new MediaError("too_many_files", "The body has more than one file.");
      // What came before the file is checked before a byte of it is stored.
      parseJobFields(received.fields);
      received.file = await openIncomingFile(env, submitter.owner, event, Date.now());
      return;
    case "chunk":
      await received.file?.write(event.bytes);
      return;
    case "file_end":
      return;
  }
}

async function acceptFile(
  env: Env,
  file: IncomingFile,
  fields: JobFields,
  submitter: Submitter,
): Promise<PlannedJob> {
  const inspected = await file.inspect();
  const webhookUrl = await webhookUrlOf(env, fields);
  const planned = plan(fields, inspected, file.mediaId, { ...submitter, webhookUrl });
  const newMedia = await file.store(inspected, submitter.owner, planned.job.createdAt);
  const acceptance = { ...planned, newMedia, uploadId: file.uploadId, dependencies: [] };
  if (await isAccepted(env, acceptance)) return planned;
  throw new MediaError("storage_failed", "The upload took too long and was discarded. Send it again.");
}

/** Whether the job is written down, also when only the answer of the batch that wrote it was lost. */
async function isAccepted(env: Env, acceptance: Acceptance): Promise<boolean> {
  try {
    return await acceptJob(env.DB, acceptance);
  } catch (error) {
    if (await readJob(env.DB, acceptance.job.owner, acceptance.job.id)) return true;
    throw error;
  }
}

async function webhookUrlOf(env: Env, { webhook_url }: JobFields): Promise<string | undefined> {
  return webhook_url === undefined ? undefined : (await requireTarget(env, webhook_url, "webhook_url")).href;
}

function plan(
  fields: JobFields,
  input: PlannedInput,
  mediaId: string,
  submitter: Submitter & { webhookUrl: string | undefined },
): PlannedJob {
  const nowMs = Date.now();
  const specifications = fields.output_specifications ?? [...DEFAULT_OUTPUTS[input.kind]];
  return planJob(input, resolveOutputs(specifications, input.kind), {
    ...submitter,
    jobId: newId("job", nowMs),
    taskId: newId("task", nowMs),
    mediaId,
    priority: fields.priority,
    allowPartial: fields.allow_partial,
    outputSpecifications: specifications,
    nowMs,
  });
}

function inputOf(media: MediaRow): PlannedInput {
  return media.kind === "image"
    ? { kind: "image", probe: media.metadata as unknown as ImageProbe, bytes: media.sizeBytes }
    : { kind: "video", bytes: media.sizeBytes };
}

function refuseField(path: string, message: string): MediaError {
  return new MediaError("invalid_request", "Some fields are not valid; see errors.", {
    errors: [{ path, message }],
  });
}

function noSuchMedia(mediaId: string): MediaError {
  return new MediaError("invalid_request", "The media_id is not known; see errors.", {
    errors: [{ path: "media_id", message: `There is no media ${JSON.stringify(mediaId.slice(0, 64))}.` }],
  });
}
