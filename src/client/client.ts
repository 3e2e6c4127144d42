/**
 * A typed client of the public API, on `fetch` and `WebSocket` only: browsers and Node 22. It imports nothing of the
 * server but types.
 */
import type { FeedEvent } from "../progress/feed-message.ts";
import { batchMethods } from "./batches.ts";
import type {
  DeadLetter,
  DeadLetterOptions,
  DeadLetterPage,
  Requeued,
  RequeueFilter,
  Timeline,
} from "./failures.ts";
import { problemOf } from "./problem.ts";
import type {
  AcceptedJob,
  Job,
  JobPage,
  JobStatus,
  Media,
  OutputRequest,
  Priority,
  ProgressSnapshot,
  RetriedJob,
  WatchToken,
} from "./resources.ts";
import { watch } from "./watch.ts";
import { type FeedSubjects, watchFeed } from "./watch-feed.ts";

export interface ClientOptions {
  /** Where the service answers, such as `http://127.0.0.1:8787`. */
  baseUrl: string;
  /** Left out in a page that has opened a session. */
  key?: string;
  fetch?: typeof fetch;
}

export interface NewJob {
  file: Blob;
  filename: string;
  /** MIME type; the file's own when left out. */
  type?: string;
  /** Left out: the service's defaults for the kind of media. */
  outputs?: OutputRequest[];
  priority?: Priority;
  /** Outputs that fail for good do not sink the others: read `outputs_failed` of the job. */
  allowPartial?: boolean;
  /** Is sent every event of this job; check what arrives with `verifyWebhook`. */
  webhookUrl?: string;
  /** Make it again, also when the same was submitted a short while ago. */
  forceNew?: boolean;
  /** Sent again with the same job within 24 h, it gets the same answer and makes nothing new. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** A job without a file: on media that is stored, or on a URL that the service fetches. */
export type NewRemoteJob = Omit<NewJob, "file" | "filename" | "type"> &
  ({ mediaId: string; sourceUrl?: undefined } | { sourceUrl: string; mediaId?: undefined });

export interface WatchOptions {
  /** The job's `watch_token`. Without it, or where the WebSocket cannot be reached, the job is polled. */
  token?: string;
  onProgress?: (snapshot: ProgressSnapshot) => void;
  signal?: AbortSignal;
}

export interface WatchFeedOptions extends FeedSubjects {
  onEvent: (event: FeedEvent) => void;
  /** Hears of ids that do not exist, or are another owner's. */
  onUnknown?: (ids: string[]) => void;
  signal: AbortSignal;
}

export interface ListOptions {
  limit?: number;
  cursor?: string;
  status?: JobStatus;
}

export type DarkroomClient = ReturnType<typeof createDarkroomClient>;

/** Every method rejects with a {@link DarkroomProblem} when the service says no. */
export function createDarkroomClient(options: ClientOptions) {
  const call = caller(options);
  const read = async <T>(path: string, init?: RequestInit) => (await (await call(path, init)).json()) as T;
  const getJob = (jobId: string) => read<Job>(`/v1/jobs/${jobId}`);

  return {
    /** Uploads a file and asks for outputs of it. Resolves when the service has stored it and promised the job. */
    createJob: (job: NewJob) =>
      read<AcceptedJob>("/v1/jobs", {
        method: "POST",
        headers: job.idempotencyKey === undefined ? {} : { "Idempotency-Key": job.idempotencyKey },
        body: formOf(job),
        signal: job.signal,
      }),
    /** As `createJob`, of media that the service has or of a URL that it fetches as the job's first task. */
    createRemoteJob: (job: NewRemoteJob) => read<AcceptedJob>("/v1/jobs", remoteRequestOf(job)),
    ...batchMethods(read),
    getJob,
    /** Newest first. */
    listJobs: (list: ListOptions = {}) => read<JobPage>(`/v1/jobs${queryOf({ ...list })}`),
    /** Cancels a job that has not ended. `force` also stops one that runs; a job that has ended is deleted. */
    cancelJob: async (jobId: string, { force = false } = {}) => {
      await call(`/v1/jobs/${jobId}${force ? "?force=true" : ""}`, { method: "DELETE" });
    },
    /** Every transition and attempt of a job, oldest first. */
    getTimeline: (jobId: string) => read<Timeline>(`/v1/jobs/${jobId}/timeline`),
    /** Jobs that failed for good, youngest first. */
    listDeadLetters: (list: DeadLetterOptions = {}) =>
      read<DeadLetterPage>(`/v1/dead-letters${queryOf({ ...list })}`),
    /** Why a job failed: its whole history of failures, and what to do next. */
    getDeadLetter: (jobId: string) => read<DeadLetter>(`/v1/dead-letters/${jobId}`),
    /** Requeues the open dead letters that match, at most 50 at a time; `remaining` says how many are left. */
    requeueDeadLetters: (filter: RequeueFilter = {}) =>
      read<Requeued>("/v1/dead-letters/requeue", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(filter),
      }),
    /** Begins another run of a job that failed or lost outputs; it goes on from its last finished task. */
    retryJob: (jobId: string) => read<RetriedJob>(`/v1/jobs/${jobId}/retry`, { method: "POST" }),
    /** Follows a job and resolves with it when it has ended, however it ended: read its `status`. */
    watchJob: async (jobId: string, { token, onProgress, signal }: WatchOptions = {}) => {
      await watch({
        socketUrl: token && socketUrl(options.baseUrl, jobId, token),
        poll: () => read<ProgressSnapshot>(`/v1/jobs/${jobId}/progress`, { signal }),
        onProgress: onProgress ?? (() => undefined),
        signal,
      });
      return getJob(jobId);
    },
    /** A token for a page that has no key: good for 15 minutes, for one job or for the feed of everything. */
    createWatchToken: (of: { job_id: string } | { feed: true }) => createWatchToken(read, of),
    /**
     * Follows jobs, media or everything over one WebSocket until `signal` is aborted. Each event is named
     * `progress:<media id>`; the first ones say how things stand.
     */
    watchFeed: ({
      all,
      jobs,
      media,
      batches,
      onEvent,
      onUnknown = () => undefined,
      signal,
    }: WatchFeedOptions) =>
      watchFeed({
        address: async () => {
          const { token, links } = await createWatchToken(read, { feed: true });
          return feedUrl(options.baseUrl, links.ws, token);
        },
        subjects: { all, jobs, media, batches },
        onEvent,
        onUnknown,
        signal,
      }),
    getMedia: (mediaId: string) => read<Media>(`/v1/media/${mediaId}`),
    /** Fetches an output, a playlist or an image by its path. The body is the answer's own stream. */
    download: (url: string, init?: RequestInit) => call(url, init),
  };
}

function caller({ baseUrl, key, fetch: send = fetch }: ClientOptions) {
  return async (path: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(path, baseUrl);
    const headers = new Headers(init.headers);
    if (key && url.origin === new URL(baseUrl).origin) headers.set("Authorization", `Bearer ${key}`);
    const response = await send(url.href, { ...init, headers });
    if (!response.ok) throw await problemOf(response);
    return response;
  };
}

function remoteRequestOf(job: NewRemoteJob): RequestInit {
  return {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      ...(job.idempotencyKey !== undefined && { "Idempotency-Key": job.idempotencyKey }),
    },
    body: JSON.stringify({
      media_id: job.mediaId,
      source_url: job.sourceUrl,
      output_specifications: job.outputs,
      priority: job.priority,
      allow_partial: job.allowPartial,
      webhook_url: job.webhookUrl,
      force_new: job.forceNew,
    }),
    signal: job.signal,
  };
}

function formOf(job: NewJob): FormData {
  const { file, filename, type, outputs, priority, allowPartial, webhookUrl, forceNew } = job;
  const form = new FormData();
  if (outputs) form.set("output_specifications", JSON.stringify(outputs));
  if (priority) form.set("priority", priority);
  if (allowPartial) form.set("allow_partial", "true");
  if (webhookUrl) form.set("webhook_url", webhookUrl);
  if (forceNew) form.set("force_new", "true");
  form.set("input_file", type ? new Blob([file], { type }) : file, filename);
  return form;
}

function queryOf(list: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(list)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size > 0 ? `?${query}` : "";
}

type Read = <T>(path: string, init?: RequestInit) => Promise<T>;

async function createWatchToken(read: Read, of: { job_id: string } | { feed: true }): Promise<WatchToken> {
  const headers = { "Content-Type": "application/json" };
  return await read<WatchToken>("/v1/watch-tokens", { method: "POST", headers, body: JSON.stringify(of) });
}

/** The path that the service names, at the address under which this client knows it. */
function feedUrl(baseUrl: string, link: string, token: string): string {
  const url = new URL(new URL(link).pathname, baseUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("token", token);
  return url.href;
}

function socketUrl(baseUrl: string, jobId: string, token: string): string {
  const url = new URL(`/v1/jobs/${jobId}/ws`, baseUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("token", token);
  return url.href;
}
