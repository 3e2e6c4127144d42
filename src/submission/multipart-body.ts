import { decodeField, type MultipartError, make, type PartInfo } from "multipasta";
import { LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";

/** What a multipart body turns out to hold, in the order in which it arrives. */
export type MultipartEvent =
  | { type: "field"; name: string; value: string }
  | { type: "file"; name: string; filename: string | undefined; contentType: string }
  | { type: "chunk"; bytes: Uint8Array }
  | { type: "file_end" };

const MAX_PARTS = 32;

/**
 * Reads multipart/form-data (RFC 7578) as it arrives; at most one network chunk is held. The consumer's pace is the
 * reader's: nothing is read ahead.
 *
 * @throws MediaError `malformed_multipart` when the body breaks the format or ends early.
 */
export async function* readMultipart(
  body: ReadableStream<Uint8Array>,
  contentType: string,
): AsyncGenerator<MultipartEvent> {
  let arrived: MultipartEvent[] = [];
  let failure: MultipartError | undefined;
  const parser = make({
    headers: { "content-type": contentType },
    maxParts: MAX_PARTS,
    maxFieldSize: LIMITS.maxFieldBytes,
    isFile: (info) => info.filename !== undefined,
    onField: (info, value) =>
      arrived.push({ type: "field", name: info.name, value: decodeField(info, value) }),
    onFile: (info) => {
      arrived.push(fileStart(info));
      return (bytes) => arrived.push(bytes === null ? { type: "file_end" } : { type: "chunk", bytes });
    },
    onError: (error) => {
      failure ??= error;
    },
    onDone: () => undefined,
  });
  for await (const bytes of body) {
    parser.write(bytes);
    if (failure) throw malformed(failure);
    yield* arrived;
    arrived = [];
  }
  parser.end();
  if (failure) throw malformed(failure);
  yield* arrived;
}

function fileStart(info: PartInfo): MultipartEvent {
  return { type: "file", name: info.name, filename: info.filename, contentType: info.contentType };
}

function malformed(error: MultipartError): MediaError {
  const words: Record<MultipartError["_tag"], string> = {
    InvalidBoundary: "The Content-Type has no boundary parameter.",
    BadHeaders: "The headers of a part cannot be read.",
    InvalidDisposition: "A part has no name in its Content-Disposition.",
    ReachedLimit: `A body may have ${MAX_PARTS} parts, and a field ${LIMITS.maxFieldBytes / 1024} KiB.`,
    EndNotReached: "The body ended before its closing boundary: it was cut off, or the boundary is wrong.",
  };
  return new MediaError("malformed_multipart", words[error._tag]);
}
