import { MediaError } from "../errors.ts";
import { checkAddress, type Resolve } from "../webhooks/resolve.ts";
import { retryAfterMs } from "../webhooks/schedule.ts";
import { checkTarget, type TargetPolicy } from "../webhooks/target.ts";

/** A file on somebody else's host, about to be read. */
export interface OpenSource {
  /** The last part of the URL's path; the name under which the media is kept. */
  filename: string;
  contentType: string;
  /** As it arrives. Throws what goes wrong on the way. */
  chunks(): AsyncGenerator<Uint8Array, void>;
  /** How much there is, when the host says so. */
  declaredBytes: number | undefined;
  /** What the host calls this state of it, and how long it says that it lasts. */
  etag: string | null;
  cacheControl: string | null;
  /** It is what the caller has already, by its `etag`: there is nothing to read. */
  isUnchanged: boolean;
}

export interface SourceLimits {
  maxBytes: number;
  /** For all of it, from the request to the last byte. */
  timeoutMs: number;
  /** Without a byte for this long it is given up. */
  stallMs: number;
}

/** What fetching needs of the world. */
export interface SourceContext {
  policy: TargetPolicy;
  /** Absent: hosts are judged by name only. */
  resolve: Resolve | undefined;
  limits: SourceLimits;
  /** What may be asked of all that the policy allows, redirects included; all of it when absent. */
  mayAsk?: (url: URL) => boolean;
  /** Of what the caller has already. */
  etag?: string;
}

const MAX_REDIRECTS = 3;

/**
 * Asks for a file by URL. Redirects are followed by hand, at most three, and each is judged as the first URL was: by
 * name, and by address where there is a resolver.
 *
 * @throws MediaError `source_unavailable` when it is not to be had (a redirect that leads astray, any 4xx but 408, 425
 * and 429), `source_failed` when another try may do better, `payload_too_large` by the declared size.
 */
export async function openSource(text: string, context: SourceContext): Promise<OpenSource> {
  const deadline = AbortSignal.timeout(context.limits.timeoutMs);
  let url = text;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const checked = await requireSource(url, context);
    const response = await ask(checked, context, deadline);
    const location = response.headers.get("Location");
    const isUnchanged = response.status === 304 && context.etag !== undefined;
    if (isUnchanged || response.status < 300 || response.status >= 400)
      return read(response, text, context.limits, deadline);
    await response.body?.cancel();
    if (location === null || !URL.canParse(location, checked.href)) {
      throw unavailable(`It answered ${response.status} without a place to go.`);
    }
    url = new URL(location, checked.href).href;
  }
  throw unavailable(`It redirects more than ${MAX_REDIRECTS} times.`);
}

async function requireSource(text: string, { policy, resolve, mayAsk }: SourceContext): Promise<URL> {
  const check = checkTarget(text, policy);
  if (!check.allowed) throw unavailable(`It leads to where nothing is fetched from. ${check.reason}`);
  if (mayAsk?.(check.url) === false) throw unavailable("It leads to where nothing is fetched from.");
  const address = await checkAddress(check.url, policy, resolve);
  if (address === "private") throw unavailable("Its address is not on the public internet.");
  if (address === "unresolved") throw failed("Its host has no address, or it cannot be looked up now.");
  return check.url;
}

async function ask(
  url: URL,
  { limits: { stallMs }, etag }: SourceContext,
  deadline: AbortSignal,
): Promise<Response> {
  // Bytes as they are: what is declared is then what comes.
  const headers = {
    Accept: "image/*,video/*,*/*;q=0.5",
    "Accept-Encoding": "identity",
    "User-Agent": "Darkroom/1.0",
    ...(etag !== undefined && { "If-None-Match": etag }),
  };
  const signal = AbortSignal.any([deadline, AbortSignal.timeout(stallMs)]);
  try {
    return await within(fetch(url, { headers, redirect: "manual", signal: deadline }), signal);
  } catch (cause) {
    throw failed(signal.aborted ? "Its host did not answer in time." : "Its host cannot be reached.", cause);
  }
}

function read(response: Response, text: string, limits: SourceLimits, deadline: AbortSignal): OpenSource {
  const told = {
    filename: nameIn(text),
    contentType: response.headers.get("Content-Type") ?? "",
    etag: response.headers.get("ETag"),
    cacheControl: response.headers.get("Cache-Control"),
  };
  if (response.status === 304) return { ...told, declaredBytes: 0, isUnchanged: true, async *chunks() {} };
  if (response.status !== 200 || !response.body) throw refusalOf(response);
  const length = response.headers.get("Content-Length");
  const isPlain = (response.headers.get("Content-Encoding") ?? "identity") === "identity";
  const declaredBytes = length !== null && isPlain && /^\d+$/.test(length) ? Number(length) : undefined;
  if (declaredBytes !== undefined && declaredBytes > limits.maxBytes) throw tooLarge(limits);
  const { body } = response;
  return {
    ...told,
    declaredBytes,
    isUnchanged: false,
    chunks: () => chunksOf(body, declaredBytes, limits, deadline),
  };
}

async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  declaredBytes: number | undefined,
  limits: SourceLimits,
  deadline: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { value, done } = await next(reader, limits, deadline);
      if (done) break;
      bytes += value.length;
      if (bytes > limits.maxBytes) throw tooLarge(limits);
      yield value;
    }
    if (declaredBytes !== undefined && bytes < declaredBytes) {
      throw failed(`Its host sent ${bytes} bytes of the ${declaredBytes} that it promised.`);
    }
  } finally {
    // Not waited for: a host that sends nothing does not answer this either.
    void reader.cancel().catch(() => undefined);
  }
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { stallMs }: SourceLimits,
  deadline: AbortSignal,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  const signal = AbortSignal.any([deadline, AbortSignal.timeout(stallMs)]);
  try {
    return await within(reader.read(), signal);
  } catch (cause) {
    throw failed(signal.aborted ? "Its host sends too slowly." : "Its host broke off in the middle.", cause);
  }
}

/** What a promise comes to, or the signal's reason if that comes first. */
async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    aborted.promise.catch(() => undefined);
    work.catch(() => undefined);
  }
}

function refusalOf(response: Response): MediaError {
  const { status } = response;
  void response.body?.cancel().catch(() => undefined);
  const mayDoBetter = status >= 500 || [408, 425, 429].includes(status);
  if (!mayDoBetter) return unavailable(`Its host answered ${status}.`);
  const retryAfter = response.headers.get("Retry-After") ?? undefined;
  const delayMs = retryAfterMs({ status, retryAfter }, Date.now());
  return failed(`Its host answered ${status}.`, undefined, delayMs);
}

function nameIn(text: string): string {
  const last = new URL(text).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

function unavailable(reason: string): MediaError {
  return new MediaError("source_unavailable", `The source_url cannot be used. ${reason}`);
}

function failed(reason: string, cause?: unknown, delayMs?: number): MediaError {
  const privateDetail = cause === undefined ? undefined : String(cause);
  return new MediaError("source_failed", `The source_url could not be fetched. ${reason}`, {
    cause,
    privateDetail,
    ...(delayMs !== undefined && { retryAfterMs: delayMs }),
  });
}

function tooLarge({ maxBytes }: SourceLimits): MediaError {
  const megabytes = Math.floor(maxBytes / 1_000_000);
  return new MediaError("payload_too_large", `A source may have at most ${megabytes} MB; this one has more.`);
}
