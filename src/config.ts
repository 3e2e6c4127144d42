import { z } from "zod";
import type { KeyBudget } from "./access/key-budget.ts";
import type { MissBudget } from "./image-url/miss-budget.ts";
import type { DerivativeProducer } from "./image-url/producer.ts";
import { type ImageUrlSettings, imageUrlSettings } from "./image-url/settings.ts";
import type { CircuitBreakers } from "./processing/circuit-breakers.ts";
import type { JobProgress } from "./processing/job-progress.ts";
import type { LeaseWatch } from "./processing/lease-watch.ts";
import type { Transcoder } from "./processing/transcoder.ts";
import type { TranscoderLarge } from "./processing/transcoder-large.ts";
import type { Feed } from "./progress/feed.ts";
import type { Lane } from "./schema/tasks.ts";
import type { WebhookTarget } from "./webhooks/webhook-target.ts";

/** The bindings and variables of `wrangler.toml`, and the secrets that are set beside it. */
export interface Env {
  DB: D1Database;
  MEDIA: R2Bucket;
  EDGE_QUEUE: Queue<Ticket>;
  CONTAINER_SHORT_QUEUE: Queue<Ticket>;
  CONTAINER_LONG_QUEUE: Queue<Ticket>;
  IO_QUEUE: Queue<Ticket>;
  WEBHOOK_QUEUE: Queue<DeliveryTicket>;
  JOB_PROGRESS: DurableObjectNamespace<JobProgress>;
  FEED: DurableObjectNamespace<Feed>;
  TRANSCODER: DurableObjectNamespace<Transcoder>;
  TRANSCODER_LARGE: DurableObjectNamespace<TranscoderLarge>;
  DERIVATIVES: DurableObjectNamespace<DerivativeProducer>;
  MISS_BUDGET: DurableObjectNamespace<MissBudget>;
  KEY_BUDGET: DurableObjectNamespace<KeyBudget>;
  WEBHOOK_TARGET: DurableObjectNamespace<WebhookTarget>;
  CIRCUIT_BREAKERS: DurableObjectNamespace<CircuitBreakers>;
  LEASE_WATCH: DurableObjectNamespace<LeaseWatch>;
  BOOTSTRAP_ADMIN_KEY?: string;
  TOKEN_SECRET?: string;
  /** Set where no container engine runs: the transcoder is a process on this machine. */
  TRANSCODER_URL?: string;
  /** Where that process reaches this worker, such as `http://127.0.0.1:8787`. */
  LOCAL_ORIGIN?: string;
  IMAGE_URL_POLICY?: string;
  /** Signs image URLs; derived from TOKEN_SECRET when absent. */
  IMAGE_URL_KEY?: string;
  /** Still verifies after IMAGE_URL_KEY was replaced. */
  IMAGE_URL_KEY_PREVIOUS?: string;
  /** Names for options segments, as JSON: `{"hero": "w=1600,q=85"}`. */
  IMAGE_URL_PRESETS?: string;
  /** Widths that others are rounded up to, px, separated by commas. */
  IMAGE_URL_WIDTH_STEPS?: string;
  /** Images that one client may have made a minute; 0 sets no limit. */
  IMAGE_URL_MISSES_PER_MINUTE?: string;
  /** Second path that image URLs are served under, such as `/cdn-cgi/image`. */
  IMAGE_URL_MOUNT?: string;
  /** Sites whose images are served by their absolute URLs, separated by commas. */
  IMAGE_URL_ORIGINS?: string;
  /** `ingest` (default) or `request`: when the mezzanine of an original that the edge cannot read is made. */
  IMAGE_URL_MEZZANINE?: string;
  /** Zone whose cache is purged when a media is deleted, with a token that may. */
  CACHE_PURGE_ZONE_ID?: string;
  CACHE_PURGE_TOKEN?: string;
  TRANSCODER_SLOTS?: string;
  /** Longest stretch of a video that one task encodes for a stream, seconds. */
  CHUNK_SECONDS?: string;
  TRANSCODER_LARGE_SLOTS?: string;
  /** How long a slot without work keeps its container, such as `10m`. */
  SLOT_SLEEP_AFTER?: string;
  /** Low-priority tasks that may wait in one lane; more are not accepted. */
  MAX_WAITING_LOW?: string;
  /** Origins of other sites whose pages may call the API, separated by commas. */
  CORS_ORIGINS?: string;
  /** Where clients reach this service; makes the URLs in webhooks absolute. */
  PUBLIC_ORIGIN?: string;
  /** `allow`: webhooks may go to, and sources come from, this machine over http. For local development only. */
  WEBHOOK_LOOPBACK?: string;
  /** Ports that webhooks may go to, and sources come from, such as `443,1024-65535`. */
  WEBHOOK_PORTS?: string;
  /** DNS over HTTPS (JSON), asked where a webhook's host lies. Empty: hosts are judged by name only. */
  WEBHOOK_RESOLVER_URL?: string;
  /** Media id of the logo that watermarks lay over pictures when they name none. */
  WATERMARK_LOGO?: string;
  /** Seconds in which a submission of the same content gets the job that is there; 0 turns it off. */
  DEDUPE_WINDOW_SECONDS?: string;
  /** Requests a minute that a key may make, where it says nothing else. */
  REQUESTS_PER_MINUTE?: string;
  /** Days after which the history of an ended job is forgotten, and of one that failed. */
  JOB_DAYS?: string;
  FAILED_JOB_DAYS?: string;
  /** Days after which a job goes with its outputs; empty: they live as long as their media. */
  OUTPUT_DAYS?: string;
}

/** "There is work in this lane." It names no job: whoever gets it claims the best ready task. */
export interface Ticket {
  lane: Lane;
}

/** "There are deliveries for this target." */
export interface DeliveryTicket {
  target: string;
}

const seconds = (n: number) => n * 1000;
const minutes = (n: number) => n * 60_000;
const DAY_MS = 86_400_000;

/** At least one: what ended an hour ago somebody may still ask for. */
const days = z.coerce.number().min(1).max(3_650);

const schema = z.object({
  tokenSecret: z.string().min(16, "TOKEN_SECRET must be at least 16 characters"),
  bootstrapAdminKey: z.string().min(16, "BOOTSTRAP_ADMIN_KEY must be at least 16 characters").optional(),
  transcoderUrl: z.url().optional(),
  localOrigin: z.url().optional(),
  transcoderSlots: z.coerce.number().int().min(1).max(64),
  chunkSeconds: z.coerce.number().min(2).max(600),
  transcoderLargeSlots: z.coerce.number().int().min(1).max(64),
  slotSleepAfter: z.string().regex(/^\d+[smh]$/, "A time such as 10m"),
  maxWaitingLow: z.coerce.number().int().min(1),
  corsOrigins: z.array(z.url()),
  publicOrigin: z.url().optional(),
  webhookLoopback: z.enum(["allow", "refuse"]),
  webhookPorts: z
    .string()
    .regex(/^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*$/, "Ports such as 443,1024-65535"),
  webhookResolverUrl: z.url({ protocol: /^https?$/ }).optional(),
  watermarkLogo: z.string().startsWith("med_", "WATERMARK_LOGO is the id of a stored media").optional(),
  dedupeWindowSeconds: z.coerce
    .number()
    .int()
    .min(0)
    .max(30 * 86_400),
  requestsPerMinute: z.coerce.number().int().min(1),
  jobDays: days,
  failedJobDays: days,
  outputDays: days.optional(),
});

/** Limits and timings in one place; each has its unit in its name. */
export const LIMITS = {
  /** The free and pro plans take 100 MB a request; the rest is multipart overhead and fields. */
  maxFileBytes: 95_000_000,
  maxFieldBytes: 256 * 1024,
  maxJsonBytes: 256 * 1024,
  maxOutputs: 10,
  maxBatchItems: 100,
  /** A file that is fetched from a `source_url`. */
  maxSourceBytes: 1_000_000_000,
  fetchTimeoutMs: minutes(5),
  /** A host that sends nothing for this long is given up. */
  fetchStallMs: seconds(20),
  maxImagePixels: 100_000_000,
  maxImageBytes: 50_000_000,
  /** R2 wants equal parts of at least 5 MiB: also the most of an upload that an isolate holds. */
  uploadPartBytes: 5 * 1024 * 1024,
  leaseMs: seconds(60),
  renewEveryMs: seconds(20),
  /** Until its first renewal: a worker lost right after its claim is noticed within this and one look at the leases. */
  firstLeaseMs: seconds(18),
  firstRenewMs: seconds(6),
  leaseLookEveryMs: seconds(8),
  heartbeatEveryMs: seconds(5),
  /** What is done sooner says nothing of its progress while nobody has asked. */
  quietMs: seconds(1),
  /** No heartbeat for this long and the job's watchdog takes the task back. */
  heartbeatTimeoutMs: seconds(20),
  /** Head start of one point of priority. */
  headStartMs: minutes(10),
  watchTokenMs: minutes(15),
  /** WebSockets on the feed of one owner, and what each may subscribe to. */
  maxFeedSockets: 50,
  maxFeedSubscriptions: 1_000,
  /** WebSockets and event streams on one job. */
  maxWatchersPerJob: 200,
  /**
   * What one WebSocket is sent before it is asked to connect again: the runtime does not tell how much of it a peer
   * has not read yet, so this is also the most that one which does not read can hold in memory.
   */
  maxSocketBytes: 512 * 1024,
  sessionMs: minutes(12 * 60),
  /** An upload older than this was abandoned. */
  abandonedUploadMs: minutes(60),
  jobDeadlineMs: minutes(6 * 60),
  /** How long the answer under an `Idempotency-Key` can be had again. */
  idempotencyKeptMs: minutes(24 * 60),
  /** A key whose holder died is free after this long; one who lives renews it. */
  idempotencyLeaseMs: seconds(60),
  maxWebhooks: 50,
  webhookTimeoutMs: seconds(15),
  /** Outlasts the timeout: nobody else sends a delivery before its sender has given up. */
  deliveryLeaseMs: seconds(30),
  deliveryKeptMs: minutes(30 * 24 * 60),
  /** After it was resolved; an open dead letter stays. */
  deadLetterKeptMs: minutes(90 * 24 * 60),
  /** While it is open, its job can be requeued for so long. */
  openLetterHoldsMs: minutes(180 * 24 * 60),
  activityKeptMs: minutes(30 * 24 * 60),
  maxDestinations: 50,
  maxSteps: 5,
  /** For a target to take a file, beside the time that its bytes need. */
  shipTimeoutMs: seconds(15),
} as const;

export interface Config {
  /** Signs watch tokens, sessions, storage tokens and image URLs. */
  tokenSecret: string;
  bootstrapAdminKey: string | undefined;
  transcoderUrl: string | undefined;
  localOrigin: string | undefined;
  imageUrl: ImageUrlSettings;
  /** How many slots (named container instances) tasks are handed to. */
  transcoderSlots: number;
  /** Longest chunk of a stream, seconds of video. */
  chunkSeconds: number;
  /** How many of them there are beside these on the biggest instance, for what does not fit. */
  transcoderLargeSlots: number;
  slotSleepAfter: string;
  maxWaitingLow: number;
  corsOrigins: string[];
  /** Such as `https://media.example.com`; empty when it is not known, and URLs in webhooks are paths. */
  publicOrigin: string;
  webhookLoopback: boolean;
  /** Ranges of ports, both ends included. */
  webhookPorts: [number, number][];
  webhookResolverUrl: string | undefined;
  /** Media id of the logo that watermarks use when they name none. */
  watermarkLogo: string | undefined;
  /** How long a job answers submissions of the same content; 0: never. */
  dedupeWindowMs: number;
  requestsPerMinute: number;
  /** How long the history of a job is kept after its end, and of one that failed. */
  jobKeptMs: number;
  failedJobKeptMs: number;
  /** How long outputs are; undefined: as long as their media. */
  outputKeptMs: number | undefined;
}

const parsed = new WeakMap<Env, Config>();

/** The deployment's configuration, checked once per isolate. Throws with the variable's name when one is wrong. */
export function configOf(env: Env): Config {
  const known = parsed.get(env);
  if (known) return known;
  const config = schema.parse({
    tokenSecret: env.TOKEN_SECRET,
    bootstrapAdminKey: env.BOOTSTRAP_ADMIN_KEY,
    transcoderUrl: env.TRANSCODER_URL,
    localOrigin: env.LOCAL_ORIGIN,
    transcoderSlots: env.TRANSCODER_SLOTS ?? "2",
    chunkSeconds: env.CHUNK_SECONDS ?? "60",
    transcoderLargeSlots: env.TRANSCODER_LARGE_SLOTS ?? "1",
    slotSleepAfter: env.SLOT_SLEEP_AFTER ?? "10m",
    maxWaitingLow: env.MAX_WAITING_LOW ?? "5000",
    corsOrigins: (env.CORS_ORIGINS ?? "").split(",").filter((origin) => origin.trim() !== ""),
    publicOrigin: env.PUBLIC_ORIGIN || undefined,
    webhookLoopback: env.WEBHOOK_LOOPBACK || "refuse",
    webhookPorts: env.WEBHOOK_PORTS || "80,443,1024-65535",
    webhookResolverUrl: env.WEBHOOK_RESOLVER_URL || undefined,
    watermarkLogo: env.WATERMARK_LOGO || undefined,
    dedupeWindowSeconds: env.DEDUPE_WINDOW_SECONDS || "3600",
    requestsPerMinute: env.REQUESTS_PER_MINUTE || "6000",
    jobDays: env.JOB_DAYS || "7",
    failedJobDays: env.FAILED_JOB_DAYS || "30",
    outputDays: env.OUTPUT_DAYS || undefined,
  });
  const complete: Config = {
    tokenSecret: config.tokenSecret,
    bootstrapAdminKey: config.bootstrapAdminKey,
    transcoderUrl: config.transcoderUrl,
    localOrigin: config.localOrigin,
    imageUrl: imageUrlSettings(env, config.tokenSecret),
    transcoderSlots: config.transcoderSlots,
    chunkSeconds: config.chunkSeconds,
    transcoderLargeSlots: config.transcoderLargeSlots,
    slotSleepAfter: config.slotSleepAfter,
    maxWaitingLow: config.maxWaitingLow,
    corsOrigins: config.corsOrigins.map((origin) => new URL(origin).origin),
    publicOrigin: originOf(config.publicOrigin ?? config.localOrigin),
    webhookLoopback: config.webhookLoopback === "allow",
    webhookPorts: config.webhookPorts.split(",").map(portRange),
    webhookResolverUrl: config.webhookResolverUrl,
    watermarkLogo: config.watermarkLogo,
    dedupeWindowMs: seconds(config.dedupeWindowSeconds),
    requestsPerMinute: config.requestsPerMinute,
    jobKeptMs: config.jobDays * DAY_MS,
    failedJobKeptMs: config.failedJobDays * DAY_MS,
    outputKeptMs: config.outputDays && config.outputDays * DAY_MS,
  };
  parsed.set(env, complete);
  return complete;
}

function originOf(url: string | undefined): string {
  return url === undefined ? "" : new URL(url).origin;
}

function portRange(text: string): [number, number] {
  const [from = 0, to = from] = text.split("-").map(Number);
  return [from, to];
}
