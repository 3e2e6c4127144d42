import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { readMedia } from "../media/store.ts";
import { type IncomingFile, openIncomingFile } from "./incoming-file.ts";
import { type JobFields, type JobRequest, parseJobFields } from "./job-fields.ts";
import { type MultipartEvent, readMultipart } from "./multipart-body.ts";
import { planSource } from "./plan-source.ts";
import { inputOf, planSubmission, webhookUrlOf, withContentHash } from "./plan-submission.ts";
import { type Submission, type Submitter, writeJob } from "./write-job.ts";

/**
 * Takes a multipart job. The file streams into R2 while it arrives; media, job and tasks are written in one batch
 * when everything was found valid. Whatever is wrong, and wherever it stops, nothing stays behind.
 */
export async function acceptMultipart(
  env: Env,
  body: ReadableStream<Uint8Array>,
  contentType: string,
  submitter: Submitter,
  parse: ParseForm = parseJobFields,
): Promise<Submission> {
  const received: Received = { fields: new Map(), file: undefined, parse };
  try {
    for await (const event of readMultipart(body, contentType))
      await receive(env, received, event, submitter);
    if (!received.file)
      throw new MediaError("missing_file", "The body has no part named input_file with a file name.");
    const submission = await acceptFile(env, received.file, parse(received.fields), submitter);
    if (!submission.isNew) await received.file.discard();
    return submission;
  } catch (error) {
    await received.file?.discard();
    throw error;
  }
}

/** What the text fields of a form say; throws what is wrong with them. */
export type ParseForm = (fields: ReadonlyMap<string, string>) => JobFields;

/** What a multipart request asks for, as its fingerprint needs it: the file counts by its bytes alone. */
export function contentOf(fields: JobFields, fileSha256: string): Record<string, unknown> {
  return { ...fields, input_file: fileSha256 };
}

/** Submits a job on media that is already stored, or on a URL to fetch. */
export async function acceptRequest(
  env: Env,
  request: JobRequest,
  submitter: Submitter,
): Promise<Submission> {
  const { media_id: mediaId, source_url: sourceUrl, ...fields } = request;
  if (mediaId !== undefined) return await acceptStored(env, mediaId, fields, request, submitter);
  const webhookUrl = await webhookUrlOf(env, fields);
  const planned = await planSource(env, sourceUrl ?? "", fields, { ...submitter, webhookUrl });
  const submission = await writeJob(env, planned, {
    submitter,
    content: request,
    isForced: fields.force_new,
  });
  if (submission) return submission;
  throw new MediaError("internal", "The job could not be written.");
}

async function acceptStored(
  env: Env,
  mediaId: string,
  fields: JobFields,
  request: JobRequest,
  submitter: Submitter,
): Promise<Submission> {
  const media = await readMedia(env.DB, submitter.owner, mediaId);
  if (!media) throw noSuchMedia(mediaId);
  const webhookUrl = await webhookUrlOf(env, fields);
  const planned = await planSubmission(env, fields, inputOf(media), media.id, { ...submitter, webhookUrl });
  const acceptance = await withContentHash(env, planned, media.sha256, fields);
  const submission = await writeJob(env, acceptance, {
    submitter,
    content: request,
    isForced: fields.force_new,
  });
  if (!submission) throw noSuchMedia(mediaId);
  return submission;
}

interface Received {
  fields: Map<string, string>;
  file: IncomingFile | undefined;
  parse: ParseForm;
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
      received.parse(received.fields);
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
): Promise<Submission> {
  const inspected = await file.inspect();
  const webhookUrl = await webhookUrlOf(env, fields);
  const planned = await planSubmission(env, fields, inspected, file.mediaId, { ...submitter, webhookUrl });
  const newMedia = await file.store(inspected, submitter.owner, planned.planned.job.createdAt);
  const accepted = await withContentHash(env, planned, newMedia.sha256, fields);
  const acceptance = { ...accepted, newMedia, uploadId: file.uploadId };
  const submission = await writeJob(env, acceptance, {
    submitter,
    content: contentOf(fields, newMedia.sha256),
    isForced: fields.force_new,
  });
  if (submission) return submission;
  throw new MediaError("storage_failed", "The upload took too long and was discarded. Send it again.");
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
