import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { MediaError } from "../../src/errors.ts";

const TRIES = 3;
const FIRST_PAUSE_MS = 200;
/** Silence on the socket after which a transfer is given up, ms. */
const SOCKET_TIMEOUT_MS = 30_000;

interface Upload {
  /** Folder URL, no trailing slash. */
  baseUrl: string;
  /** Relative to the folder. */
  path: string;
  /** Local file. */
  file: string;
  type: string;
  signal: AbortSignal;
}

/**
 * Stores a local file, streamed from disk, and gives its size in bytes and its SHA-256 in hex.
 * @throws {MediaError} `storage_failed` when three tries fail; the reason of the signal
 */
export async function putFile(upload: Upload): Promise<{ bytes: number; sha256: string }> {
  const { size } = await stat(upload.file);
  const headers = { "content-length": size, "content-type": upload.type };
  const url = `${upload.baseUrl}/${encodePath(upload.path)}`;
  return withRetries(upload.signal, async () => {
    const hash = createHash("sha256");
    const hashing = passThrough((chunk) => hash.update(chunk));
    await exchange(url, { method: "PUT", headers }, upload.signal, async (outgoing) => {
      await pipeline(createReadStream(upload.file), hashing, outgoing, { signal: upload.signal });
    });
    return { bytes: size, sha256: hash.digest("hex") };
  });
}

interface Download {
  url: string;
  /** Local file to write. */
  file: string;
  /** More is refused. */
  maxBytes: number;
  signal: AbortSignal;
}

/** @throws {MediaError} `storage_failed`, or the reason of the signal */
export function getFile(download: Download): Promise<void> {
  return withRetries(download.signal, async () => {
    let bytes = 0;
    const counting = passThrough((chunk) => {
      bytes += chunk.length;
      if (bytes > download.maxBytes)
        throw new MediaError("storage_failed", "The source is larger than stated.");
    });
    await exchange(download.url, { method: "GET" }, download.signal, undefined, async (body) => {
      await pipeline(body, counting, createWriteStream(download.file), { signal: download.signal });
    });
  });
}

/** A path whose parts can neither leave the folder nor be read as a query. */
function encodePath(path: string): string {
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    throw new MediaError("invalid_request", "The name of an output must be a relative path.");
  }
  return parts.map(encodeURIComponent).join("/");
}

async function withRetries<T>(signal: AbortSignal, transfer: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    signal.throwIfAborted();
    try {
      return await transfer();
    } catch (error) {
      signal.throwIfAborted();
      if (tried === TRIES || (error instanceof MediaError && error.code !== "storage_failed")) throw error;
      if (error instanceof RefusedTransfer && error.final) throw error;
      await wait(FIRST_PAUSE_MS * 4 ** (tried - 1), undefined, { signal }).catch(() =>
        signal.throwIfAborted(),
      );
    }
  }
}

/** Storage answered, with something other than success; 4xx will not change by asking again. */
class RefusedTransfer extends MediaError {
  readonly final: boolean;

  constructor(status: number) {
    super("storage_failed", `Storage answered ${status}.`);
    this.final = status < 500 && status !== 408 && status !== 429;
  }
}

async function exchange(
  url: string,
  options: RequestOptions,
  signal: AbortSignal,
  send?: (outgoing: ReturnType<typeof requestHttp>) => Promise<void>,
  receive?: (body: IncomingMessage) => Promise<void>,
): Promise<void> {
  const request = url.startsWith("https:") ? requestHttps : requestHttp;
  const outgoing = request(url, { ...options, signal, timeout: SOCKET_TIMEOUT_MS });
  outgoing.once("timeout", () => outgoing.destroy(new Error("The transfer stalled.")));
  const answered = responseOf(outgoing);
  try {
    if (send === undefined) outgoing.end();
    const [answer] = await Promise.all([answered, send?.(outgoing)]);
    await readAnswer(answer, receive);
  } catch (cause) {
    outgoing.destroy();
    if (cause instanceof MediaError) throw cause;
    throw new MediaError("storage_failed", "Storage did not answer.", { cause });
  }
}

function responseOf(outgoing: ReturnType<typeof requestHttp>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
  });
}

async function readAnswer(answer: IncomingMessage, receive?: (body: IncomingMessage) => Promise<void>) {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300 && receive !== undefined) return receive(answer);
  await drain(answer);
  if (status < 200 || status >= 300) throw new RefusedTransfer(status);
}

/** An unread body would keep the connection from being used again. */
async function drain(body: Readable): Promise<void> {
  for await (const _chunk of body);
}

function passThrough(see: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        see(chunk);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
