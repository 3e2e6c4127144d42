import { LIMITS } from "../config.ts";
import { hexOf } from "../digest.ts";
import { MediaError } from "../errors.ts";

/** Bytes kept of the start of a file for sniffing and probing: embedded profiles and thumbnails fit in. */
const HEAD_BYTES = 1024 * 1024;

/**
 * Writes one original into R2 as it arrives. Up to one part ({@link LIMITS.uploadPartBytes}) is held in memory and
 * put at the end in one go; from there on a multipart upload of equal parts runs, which is not an object until it
 * completes. So nothing is visible in R2 before {@link OriginalWriter.complete}, however large the file.
 */
export interface OriginalWriter {
  /** Stores a chunk; resolves when there is room for the next one. Throws `payload_too_large` over the limit. */
  write(chunk: Uint8Array): Promise<void>;
  /** First bytes of the file so far, at most 1 MiB. */
  head(): Uint8Array;
  bytes(): number;
  /** Makes the object visible; its SHA-256 as hex. */
  complete(type: string): Promise<{ bytes: number; sha256: string }>;
  /** Leaves nothing behind; may be called at any time, more than once. */
  abort(): Promise<void>;
}

interface WriterOptions {
  key: string;
  maxBytes: number;
  /** Called with the multipart id before the first part is stored. */
  onMultipart(multipartId: string): Promise<void>;
}

export function createOriginalWriter(bucket: R2Bucket, options: WriterOptions): OriginalWriter {
  const digest = new crypto.DigestStream("SHA-256");
  const hash = digest.getWriter();
  let head: Uint8Array | undefined;
  let part = new Uint8Array(FIRST_BUFFER_BYTES);
  const stored: R2UploadedPart[] = [];
  let multipart: R2MultipartUpload | undefined;
  let filled = 0;
  let total = 0;
  let finished = false;

  async function storePart(bytes: Uint8Array): Promise<void> {
    if (!multipart) {
      head = bytes.slice(0, HEAD_BYTES);
      multipart = await bucket.createMultipartUpload(options.key);
      await options.onMultipart(multipart.uploadId);
    }
    stored.push(await multipart.uploadPart(stored.length + 1, bytes));
  }

  return {
    async write(chunk) {
      if (total + chunk.length > options.maxBytes) throw tooLarge(options.maxBytes);
      total += chunk.length;
      await hash.write(chunk);
      for (let from = 0; from < chunk.length; ) {
        if (filled === LIMITS.uploadPartBytes) {
          await storePart(part);
          filled = 0;
        }
        if (filled === part.length) part = grown(part);
        const taken = Math.min(part.length - filled, chunk.length - from);
        part.set(chunk.subarray(from, from + taken), filled);
        filled += taken;
        from += taken;
      }
    },
    head: () => head ?? part.subarray(0, Math.min(filled, HEAD_BYTES)),
    bytes: () => total,
    async complete(type) {
      await hash.close();
      const sha256 = hexOf(await digest.digest);
      const rest = part.subarray(0, filled);
      if (multipart) {
        await storePart(rest);
        await multipart.complete(stored);
      } else {
        await bucket.put(options.key, rest, { httpMetadata: { contentType: type } });
      }
      finished = true;
      return { bytes: total, sha256 };
    },
    async abort() {
      if (finished) await bucket.delete(options.key);
      else await multipart?.abort();
      multipart = undefined;
    },
  };
}

/** Most uploads are small, and an isolate holds many of them at once. */
const FIRST_BUFFER_BYTES = 256 * 1024;

/** Twice as large, up to one part. */
function grown(part: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(LIMITS.uploadPartBytes, part.length * 2));
  larger.set(part);
  return larger;
}

function tooLarge(maxBytes: number): MediaError {
  const megabytes = Math.floor(maxBytes / 1_000_000);
  return new MediaError(
    "payload_too_large",
    `A file may have at most ${megabytes} MB here; this one has more.`,
  );
}
