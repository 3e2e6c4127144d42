import { type Env, LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import { type CompletenessCheck, createCompletenessCheck } from "../image/completeness.ts";
import { detectImageFormat } from "../image/probe/detect.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../image/probe.ts";
import type { MediaRow } from "../jobs/claimed-task.ts";
import { originalKey } from "../media/object-keys.ts";
import { createOriginalWriter } from "../media/original-writer.ts";
import { safeFilename } from "../media/record.ts";
import { SNIFF_BYTES, type SniffedType, sniffType } from "../media/sniff.ts";
import {
  discardUpload,
  isUploadOpen,
  openUpload,
  recordMultipart,
  type UploadRow,
} from "../media/upload-rows.ts";

/** What a file was found to be, before it is made visible. */
export type InspectedFile = SniffedType & { filename: string; bytes: number } & (
    | { kind: "image"; probe: ImageProbe }
    | { kind: "video" | "audio"; probe?: undefined }
  );

/** One file on its way into R2: written as it arrives, inspected at its end, then stored or discarded. */
export interface IncomingFile {
  readonly mediaId: string;
  readonly uploadId: string;
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Says what the file is, or throws what is wrong with it. Nothing is visible in R2 yet. A picture that is cut short is
   * said to be (`probe.cutShort`): whether that is wrong depends on what is to be made of it.
   */
  inspect(): Promise<InspectedFile>;
  /** Makes the object visible; the media's row for the batch that accepts it. */
  store(inspected: InspectedFile, owner: string, nowMs: number): Promise<MediaRow>;
  /** Leaves neither object nor row. */
  discard(): Promise<void>;
}

interface DeclaredFile {
  filename: string | undefined;
  contentType: string;
}

/** Where a file goes that does not come with a request; left out, it is new media of at most one request's size. */
interface Destination {
  mediaId: string;
  objectKey: string;
  maxBytes: number;
}

/** Notes the upload in D1 first, so that the sweep finds what a crash leaves in R2. */
export async function openIncomingFile(
  env: Env,
  owner: string,
  declared: DeclaredFile,
  nowMs: number,
  destination: Destination = newMediaAt(nowMs),
): Promise<IncomingFile> {
  const { mediaId } = destination;
  const row: UploadRow = {
    id: newId("upload", nowMs),
    owner,
    objectKey: destination.objectKey,
    multipartId: null,
    createdAt: nowMs,
  };
  await openUpload(env.DB, row);
  const filename = safeFilename(declared.filename);
  const completeness = watchCompleteness();
  const writer = createOriginalWriter(env.MEDIA, {
    key: row.objectKey,
    maxBytes: destination.maxBytes,
    onMultipart: (multipartId) => recordMultipart(env.DB, row.id, multipartId),
  });

  let sniffed: SniffedType | undefined;
  const sniff = () => sniffType(writer.head().subarray(0, SNIFF_BYTES), filename, declared.contentType);

  return {
    mediaId,
    uploadId: row.id,
    async write(chunk) {
      completeness.push(chunk);
      await writer.write(chunk);
      // As soon as it shows what it is, so that the rest of what cannot be used is not stored first.
      if (!sniffed && writer.bytes() >= SNIFF_BYTES) sniffed = await sniff();
      if (sniffed?.kind === "image" && writer.bytes() > LIMITS.maxImageBytes) throw imageTooLarge();
    },
    async inspect() {
      if (writer.bytes() === 0) {
        throw new MediaError("empty_file", `${JSON.stringify(filename)} has no bytes.`);
      }
      sniffed ??= await sniff();
      const found = { ...sniffed, filename, bytes: writer.bytes() };
      if (found.kind !== "image") return { ...found, kind: found.kind };
      const probe = probeWhole(writer.head(), found.bytes);
      const cutShort = completeness.problem();
      return { ...found, kind: "image", probe: cutShort === undefined ? probe : { ...probe, cutShort } };
    },
    async store(inspected, rowOwner, storedAtMs) {
      const { bytes, sha256 } = await writer.complete(inspected.type);
      return {
        id: mediaId,
        owner: rowOwner,
        kind: inspected.kind,
        type: inspected.type,
        filename,
        sizeBytes: bytes,
        sha256,
        objectKey: row.objectKey,
        status: inspected.kind === "image" ? "ready" : "processing",
        version: 1,
        metadata: inspected.probe ? { ...inspected.probe } : {},
        createdAt: storedAtMs,
      };
    },
    async discard() {
      // Accepted after all: only the answer of the batch was lost. When D1 cannot say, the sweep decides later.
      if (!(await isUploadOpen(env.DB, row.id))) return;
      await writer.abort();
      await discardUpload(env.DB, env.MEDIA, { ...row, multipartId: null });
    },
  };
}

function newMediaAt(nowMs: number): Destination {
  const mediaId = newId("media", nowMs);
  return { mediaId, objectKey: originalKey(mediaId), maxBytes: LIMITS.maxFileBytes };
}

function probeWhole(head: Uint8Array, totalBytes: number): ImageProbe {
  const probe = probeImage(head, totalBytes);
  if (!needsMoreBytes(probe)) return probe;
  throw new MediaError(
    "corrupt_image",
    `The header of the image does not end within its first ${head.length} bytes.`,
  );
}

function imageTooLarge(): MediaError {
  const megabytes = LIMITS.maxImageBytes / 1_000_000;
  return new MediaError("payload_too_large", `An image may have at most ${megabytes} MB.`);
}

/** Magic bytes need this many; until then chunks wait. */
const DETECT_BYTES = 64;

/** A completeness check that finds out by itself which format it watches. */
function watchCompleteness(): CompletenessCheck {
  let check: CompletenessCheck | undefined;
  let waiting = new Uint8Array(0);
  const begin = () => {
    check = createCompletenessCheck(detectImageFormat(waiting));
    check.push(waiting);
    waiting = new Uint8Array(0);
    return check;
  };
  return {
    push(chunk) {
      if (check) return check.push(chunk);
      const joined = new Uint8Array(waiting.length + chunk.length);
      joined.set(waiting);
      joined.set(chunk, waiting.length);
      waiting = joined;
      if (waiting.length >= DETECT_BYTES) begin();
    },
    problem: () => (check ?? begin()).problem(),
  };
}
