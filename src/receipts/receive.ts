import { fileTypeFromBuffer } from "file-type";
import { type Env, LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import { createOriginalWriter, type OriginalWriter } from "../media/original-writer.ts";
import { safeFilename } from "../media/record.ts";
import { SNIFF_BYTES } from "../media/sniff.ts";
import {
  discardUpload,
  isUploadOpen,
  openUpload,
  recordMultipart,
  type UploadRow,
} from "../media/upload-rows.ts";
import { parseFields } from "../submission/job-fields.ts";
import { type MultipartEvent, readMultipart } from "../submission/multipart-body.ts";
import { type ReceiptFields, type ReceiptRow, receiptFields } from "./receipt.ts";
import { recordReceipt } from "./store.ts";

interface Incoming {
  upload: UploadRow;
  writer: OriginalWriter;
  filename: string;
  declaredType: string;
}

/**
 * Takes in a file that another service delivers: streamed into R2, then written down. The same delivery again, by its
 * id and the hash of its bytes, is answered with the first receipt. Whatever goes wrong, nothing stays behind.
 *
 * @param deliveryId of the request's header, where the form has none
 */
export async function receiveFile(
  env: Env,
  owner: string,
  body: ReadableStream<Uint8Array>,
  contentType: string,
  deliveryId: string | undefined,
): Promise<{ receipt: ReceiptRow; isNew: boolean }> {
  const fields = new Map<string, string>();
  let incoming: Incoming | undefined;
  try {
    for await (const event of readMultipart(body, contentType)) {
      if (event.type === "field") keepField(fields, event);
      if (event.type === "file") incoming = await openFile(env, owner, event, incoming);
      if (event.type === "chunk") await incoming?.writer.write(event.bytes);
    }
    if (!incoming) throw new MediaError("missing_file", "The body has no part named file with a file name.");
    const said = parseFields(receiptFields, { delivery_id: deliveryId, ...Object.fromEntries(fields) });
    const row = await rowOf(owner, incoming, said);
    const receipt = await recordReceipt(env.DB, row, incoming.upload.id);
    if (!receipt) throw new MediaError("storage_failed", "The upload took too long and was discarded.");
    const isNew = receipt.id === row.id;
    if (!isNew) await discard(env, incoming);
    return { receipt, isNew };
  } catch (error) {
    if (incoming) await discard(env, incoming);
    throw error;
  }
}

function keepField(fields: Map<string, string>, { name, value }: Extract<MultipartEvent, { type: "field" }>) {
  if (fields.has(name)) throw refuseField(name, "This field was sent twice.");
  fields.set(name, value);
}

/** The upload is noted first, so that the sweep finds what a crash leaves in R2. */
async function openFile(
  env: Env,
  owner: string,
  event: Extract<MultipartEvent, { type: "file" }>,
  earlier: Incoming | undefined,
): Promise<Incoming> {
  if (event.name !== "file") throw refuseField(event.name, "The file goes into a part named file.");
  if (earlier) throw new MediaError("too_many_files", "The body has more than one file.");
  const nowMs = Date.now();
  const upload: UploadRow = {
    id: newId("upload", nowMs),
    owner,
    objectKey: `receipts/${newId("receipt", nowMs)}`,
    multipartId: null,
    createdAt: nowMs,
  };
  await openUpload(env.DB, upload);
  const writer = createOriginalWriter(env.MEDIA, {
    key: upload.objectKey,
    maxBytes: LIMITS.maxFileBytes,
    onMultipart: (multipartId) => recordMultipart(env.DB, upload.id, multipartId),
  });
  return { upload, writer, filename: safeFilename(event.filename), declaredType: event.contentType };
}

async function rowOf(
  owner: string,
  { upload, writer, filename, declaredType }: Incoming,
  { worker_name: workerName, delivery_id: deliveryId, ...details }: ReceiptFields,
): Promise<ReceiptRow> {
  if (writer.bytes() === 0) throw new MediaError("empty_file", `${JSON.stringify(filename)} has no bytes.`);
  const type = await typeOf(writer.head(), declaredType);
  const { bytes, sha256 } = await writer.complete(type);
  const { sha256: saidHash, bytes: saidBytes } = details;
  if (
    (saidHash !== undefined && saidHash !== sha256) ||
    (saidBytes !== undefined && Number(saidBytes) !== bytes)
  ) {
    throw new MediaError("type_mismatch", "The file is not the one that sha256 and bytes say it is.");
  }
  return {
    id: upload.objectKey.slice("receipts/".length),
    owner,
    workerName,
    filename,
    type,
    bytes,
    sha256,
    objectKey: upload.objectKey,
    deliveryId: deliveryId ?? null,
    details,
    createdAt: upload.createdAt,
  };
}

/** By the bytes; what they do not say, the sender may, if it reads like a type at all. */
async function typeOf(head: Uint8Array, declared: string): Promise<string> {
  const found = await fileTypeFromBuffer(head.subarray(0, SNIFF_BYTES));
  if (found) return found.mime;
  return /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/.test(declared)
    ? declared.toLowerCase()
    : "application/octet-stream";
}

async function discard(env: Env, { upload, writer }: Incoming): Promise<void> {
  // Received after all: only the answer of the batch was lost.
  if (!(await isUploadOpen(env.DB, upload.id))) return;
  await writer.abort();
  await discardUpload(env.DB, env.MEDIA, { ...upload, multipartId: null });
}

function refuseField(path: string, message: string): MediaError {
  return new MediaError("invalid_request", "Some fields are not valid; see errors.", {
    errors: [{ path, message }],
  });
}
