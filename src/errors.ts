/**
 * The one table of error codes. Every failure that a user, an operator or another part of Darkroom can see is a
 * {@link MediaError} with a code from here; `app.ts` turns it into an RFC 9457 problem document in one place.
 */

/** How a task that failed with a code is treated; the policy of each class is in `jobs/retry-policy.ts`. */
export const FAILURE_CLASSES = [
  "transient",
  "resource",
  "dependency",
  "codec",
  "system",
  "input",
  "configuration",
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

interface ErrorDefinition {
  /** HTTP status of the problem document. */
  status: number;
  /** Short, constant, human-readable summary (`title` of the problem). */
  title: string;
  /** Class that decides whether a task is retried. */
  class: FailureClass;
  /** What the reader should do next, one sentence. */
  action: string;
}

const define = <T extends Record<string, ErrorDefinition>>(table: T): T => table;

export const ERRORS = define({
  // Requests
  invalid_request: {
    status: 422,
    title: "The request is not valid",
    class: "configuration",
    action: "Correct the fields listed in errors and send the request again.",
  },
  invalid_image_url: {
    status: 400,
    title: "The options of this image URL are not valid",
    class: "configuration",
    action: "Correct the option that detail names; /docs lists all of them.",
  },
  image_rate_limited: {
    status: 429,
    title: "Too many new images are asked for",
    class: "configuration",
    action: "Wait for the seconds that Retry-After names; images that were made before are still served.",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests",
    class: "configuration",
    action:
      "Wait for the seconds that Retry-After names; RateLimit tells with every answer how many are left.",
  },
  quota_exceeded: {
    status: 429,
    title: "The daily quota of the key is used up",
    class: "configuration",
    action: "Wait until the day is over (UTC), as Retry-After says, or ask for a larger quota.",
  },
  malformed_json: {
    status: 400,
    title: "The body is not valid JSON",
    class: "configuration",
    action: "Send a JSON document, or multipart/form-data with an input_file.",
  },
  malformed_multipart: {
    status: 400,
    title: "The body is not valid multipart/form-data",
    class: "configuration",
    action: "Send a complete multipart/form-data body with its boundary in Content-Type.",
  },
  empty_body: {
    status: 400,
    title: "The request has no body",
    class: "configuration",
    action: "Send an input_file as multipart/form-data, or JSON with a media_id.",
  },
  missing_file: {
    status: 422,
    title: "No input_file was sent",
    class: "configuration",
    action: "Add one part named input_file with a file name.",
  },
  too_many_files: {
    status: 422,
    title: "More than one file was sent",
    class: "configuration",
    action: "Send one input_file for each job.",
  },
  empty_file: {
    status: 422,
    title: "The file is empty",
    class: "input",
    action: "Send a file that has at least one byte.",
  },
  unsupported_content_type: {
    status: 415,
    title: "This Content-Type is not accepted here",
    class: "configuration",
    action: "Use multipart/form-data or application/json.",
  },
  not_acceptable: {
    status: 406,
    title: "No representation matches the Accept header",
    class: "configuration",
    action: "Accept application/json, application/xml or text/plain.",
  },
  payload_too_large: {
    status: 413,
    title: "The body is too large",
    class: "input",
    action: "Send a smaller file.",
  },
  range_not_satisfiable: {
    status: 416,
    title: "The requested range lies outside the file",
    class: "configuration",
    action: "Ask for bytes within the size that Content-Range names.",
  },
  unauthenticated: {
    status: 401,
    title: "A valid key is needed",
    class: "configuration",
    action: "Send Authorization: Bearer <key>.",
  },
  forbidden: {
    status: 403,
    title: "This key may not do that",
    class: "configuration",
    action: "Use a key with the scope that detail names.",
  },
  not_found: {
    status: 404,
    title: "There is nothing here",
    class: "configuration",
    action: "Check the id and the path.",
  },
  method_not_allowed: {
    status: 405,
    title: "This method is not allowed here",
    class: "configuration",
    action: "Use one of the methods in the Allow header.",
  },
  conflict: {
    status: 409,
    title: "The resource is in a state that does not allow this",
    class: "configuration",
    action: "Read the resource again and decide from its status.",
  },
  invalid_idempotency_key: {
    status: 400,
    title: "The Idempotency-Key is not valid",
    class: "configuration",
    action: "Send 1–255 visible ASCII characters, such as a UUID, or leave the header out.",
  },
  idempotency_key_in_use: {
    status: 409,
    title: "A request with this Idempotency-Key is still being worked on",
    class: "configuration",
    action: "Send the same request again after the seconds in Retry-After.",
  },
  idempotency_key_reused: {
    status: 422,
    title: "This Idempotency-Key belongs to another request",
    class: "configuration",
    action: "Use a new key for a new request.",
  },
  too_many_watchers: {
    status: 429,
    title: "Too many are watching already",
    class: "configuration",
    action: "Close connections that nobody needs, or poll /progress, which has no such limit.",
  },
  upgrade_required: {
    status: 426,
    title: "This route speaks WebSocket only",
    class: "configuration",
    action: "Open it with a WebSocket client, or use the /events route for server-sent events.",
  },

  // What a file turned out to be
  unsupported_type: {
    status: 415,
    title: "This kind of file is not supported",
    class: "input",
    action: "Send a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF, BMP or SVG image, or a video.",
  },
  type_mismatch: {
    status: 415,
    title: "The file is not what it says it is",
    class: "input",
    action: "Send the file with its true type and extension.",
  },
  corrupt_image: {
    status: 422,
    title: "The image is damaged or incomplete",
    class: "input",
    action: "Export or upload the image again.",
  },
  too_many_pixels: {
    status: 422,
    title: "The image has too many pixels",
    class: "input",
    action: "Send an image within the limit that detail names.",
  },
  drawing_too_complex: {
    status: 422,
    title: "The drawing takes too long to draw",
    class: "input",
    action: "Simplify its filters and patterns, or send it as a PNG.",
  },
  unsupported_image: {
    status: 422,
    title: "This variety of image cannot be decoded",
    class: "input",
    action: "Save the image as an 8-bit JPEG, PNG or WebP and send it again.",
  },
  corrupt_input: {
    status: 422,
    title: "The media is damaged or incomplete",
    class: "input",
    action: "Export or upload the file again.",
  },
  no_media_streams: {
    status: 422,
    title: "The file has no audio or video in it",
    class: "input",
    action: "Send a file that plays in an ordinary player.",
  },
  no_video_stream: {
    status: 422,
    title: "The file has no video in it",
    class: "input",
    action: "Send a file with a video stream, or ask for an audio output.",
  },
  no_audio_stream: {
    status: 422,
    title: "The file has no sound in it",
    class: "input",
    action: "Send a file with sound, or ask for outputs that need none.",
  },
  unsupported_codec: {
    status: 422,
    title: "The codec of this file cannot be decoded",
    class: "input",
    action: "Convert the file to H.264, H.265, VP9 or AV1 and send it again.",
  },
  unusable_logo: {
    status: 422,
    title: "The logo of the watermark cannot be used",
    class: "input",
    action: "Name a stored picture that opens, and submit the job again.",
  },
  destination_missing: {
    status: 422,
    title: "The destination is not there any more",
    class: "configuration",
    action: "Register the destination again under the same name and retry the job.",
  },
  ship_refused: {
    status: 502,
    title: "The destination refuses the file",
    class: "configuration",
    action: "Register the destination anew under the same name, corrected, and retry the job.",
  },
  ship_failed: {
    status: 502,
    title: "The destination does not take the file now",
    class: "dependency",
    action: "See to it that the destination answers, and retry the job.",
  },
  impossible_output: {
    status: 422,
    title: "This output cannot be made from this input",
    class: "configuration",
    action: "Change the output specification that detail names.",
  },
  max_bytes_unreachable: {
    status: 422,
    title: "The image cannot be made as small as asked",
    class: "configuration",
    action: "Ask for fewer pixels, for WebP or AVIF, or allow as many bytes as detail names.",
  },

  source_unavailable: {
    status: 422,
    title: "The source_url cannot be fetched",
    class: "input",
    action: "Check that the URL can be fetched by anybody, without a key, and submit the job again.",
  },
  source_failed: {
    status: 502,
    title: "The host of the source_url did not deliver",
    class: "dependency",
    action: "Nothing at first: it is tried again. If it repeats, see to that host.",
  },

  // What can go wrong while working
  timeout: {
    status: 504,
    title: "The work took longer than it may",
    class: "codec",
    action: "Ask for fewer or smaller outputs, or raise timeout_seconds.",
  },
  killed: {
    status: 500,
    title: "The process doing the work was killed",
    class: "system",
    action: "Nothing: the task is run again.",
  },
  worker_lost: {
    status: 500,
    title: "The worker that ran the task stopped answering",
    class: "system",
    action: "Nothing: the task is run again.",
  },
  worker_restarted: {
    status: 500,
    title: "The worker that ran the task was started anew",
    class: "system",
    action: "Nothing: the task is run again.",
  },
  cancelled: {
    status: 409,
    title: "The job was cancelled",
    class: "configuration",
    action: "Submit the job again if it is still needed.",
  },
  out_of_memory: {
    status: 507,
    title: "The work needed more memory than the slot has",
    class: "resource",
    action: "Ask for smaller outputs, or raise the slot's memory.",
  },
  disk_full: {
    status: 507,
    title: "The work needed more disk than the slot has",
    class: "resource",
    action: "Ask for fewer outputs, or raise the slot's disk.",
  },
  encoder_missing: {
    status: 500,
    title: "The encoder is not installed in the transcoder",
    class: "configuration",
    action: "Install an ffmpeg with that encoder, or ask for another codec.",
  },
  decoder_missing: {
    status: 500,
    title: "A decoder is not installed in the transcoder",
    class: "configuration",
    action:
      "Install libheif's tools with HEVC (Debian: libheif-examples) in the transcoder, and retry the job.",
  },
  encoder_failed: {
    status: 500,
    title: "The encoder stopped with an error",
    class: "codec",
    action: "Try again; if it repeats, ask for other encoder settings.",
  },
  invalid_result: {
    status: 500,
    title: "The work produced a file that does not verify",
    class: "codec",
    action: "Try again; if it repeats, report the job id.",
  },
  storage_failed: {
    status: 503,
    title: "Storage did not answer",
    class: "transient",
    action: "Try again in a moment.",
  },
  database_failed: {
    status: 503,
    title: "The database did not answer",
    class: "transient",
    action: "Try again in a moment.",
  },
  dependency_down: {
    status: 503,
    title: "Something that this depends on is down",
    class: "dependency",
    action: "Nothing: the work goes on when it answers again.",
  },
  stalled: {
    status: 504,
    title: "The work stood still",
    class: "codec",
    action: "Nothing: the task is run again; if it repeats, report the job id.",
  },
  overloaded: {
    status: 429,
    title: "Too much low-priority work is waiting",
    class: "transient",
    action: "Send it again after the seconds in Retry-After, or with a higher priority.",
  },
  transcoder_unavailable: {
    status: 503,
    title: "The transcoder cannot be reached",
    class: "system",
    action: "Try again in a moment.",
  },
  transcoder_busy: {
    status: 503,
    title: "The transcoder has no room for another task",
    class: "system",
    action: "Try again in a moment.",
  },
  derivative_pending: {
    status: 503,
    title: "The image is still being made",
    class: "transient",
    action: "Ask again after the seconds in Retry-After.",
  },
  internal: {
    status: 500,
    title: "Something went wrong on our side",
    class: "transient",
    action: "Try again; if it repeats, report the request id.",
  },
});

export type ErrorCode = keyof typeof ERRORS;

/** One field of a request that is not valid: `path` in dotted form, as the client sent it. */
export interface FieldError {
  path: string;
  message: string;
}

interface MediaErrorOptions {
  /** Invalid fields, for `invalid_request`. */
  errors?: FieldError[];
  /** Private words for logs and attempts (stderr tail, stack of the cause); never sent to clients. */
  privateDetail?: string;
  /** How long the other side asked to be left alone (`Retry-After`); wins over the retry policy's own delay. */
  retryAfterMs?: number;
  /** Of damage: another decoder may see it otherwise (`processing/second-opinion.ts`). */
  isDoubtful?: boolean;
  /** Response headers that belong to the problem (`Allow`, `Retry-After`, `Content-Range`). */
  headers?: Record<string, string>;
  cause?: unknown;
}

/** The only error that is thrown on purpose. `message` is public: it must say what to change. */
export class MediaError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldError[];
  readonly privateDetail: string | undefined;
  readonly headers: Record<string, string>;
  readonly retryAfterMs: number | undefined;
  readonly isDoubtful: boolean;

  constructor(code: ErrorCode, publicMessage: string, options: MediaErrorOptions = {}) {
    super(publicMessage, { cause: options.cause });
    this.name = "MediaError";
    this.code = code;
    this.errors = options.errors ?? [];
    this.privateDetail = options.privateDetail;
    this.headers = options.headers ?? {};
    this.retryAfterMs = options.retryAfterMs;
    this.isDoubtful = options.isDoubtful ?? false;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get class(): FailureClass {
    return ERRORS[this.code].class;
  }
}

/** A code that came over the wire or out of D1, or `internal` when it is none of ours. */
export function errorCodeOf(value: unknown): ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERRORS, value) ? (value as ErrorCode) : "internal";
}

/**
 * Anything thrown, as a {@link MediaError}. What D1 and R2 throw when they do not answer becomes `database_failed` and
 * `storage_failed`; what is not ours otherwise becomes `internal`. Its words are kept private.
 */
export function toMediaError(thrown: unknown): MediaError {
  if (thrown instanceof MediaError) return thrown;
  const privateDetail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  const code = outageOf(thrown) ?? "internal";
  return new MediaError(code, ERRORS[code].title, { privateDetail, cause: thrown });
}

/** D1 says so in front; a statement that it refuses for what it says is a mistake of ours, and no outage. */
const D1_OUTAGE =
  /\bD1_\w*ERROR\b(?!.*(SQLITE_(CONSTRAINT|ERROR|RANGE|TOOBIG|MISMATCH)|no such|syntax error))/;
/** R2 names the operation and ends with a code: internal error, unavailable, too many requests, unspecified. */
const R2_OUTAGE =
  /\b(get|put|head|list|delete|\w*[mM]ultipartUpload|uploadPart): .*\((10001|10043|10058|0)\)$/;

function outageOf(thrown: unknown): ErrorCode | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (D1_OUTAGE.test(error.message)) return "database_failed";
    if (R2_OUTAGE.test(error.message)) return "storage_failed";
  }
  return undefined;
}
