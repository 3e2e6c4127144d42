/** What a client and an owner's feed say to each other over one WebSocket, as JSON. */
import { z } from "zod";
import type { JobStatus } from "../schema/jobs.ts";

const ids = z.array(z.string().max(64)).max(200);

const clientMessage = z.strictObject({
  type: z.enum(["subscribe", "unsubscribe"]),
  jobs: ids.optional(),
  media: ids.optional(),
  batches: ids.optional(),
  /** Everything of the owner. */
  all: z.literal(true).optional(),
});

/** Longer ones are not read. */
const MAX_MESSAGE_CHARACTERS = 32_768;

/** What a socket listens to; everything is `all`, the rest is `job:<id>`, `media:<id>` and `batch:<id>`. */
export interface Subjects {
  jobs: readonly string[];
  media: readonly string[];
  batches: readonly string[];
  all: boolean;
}

export interface Request {
  type: "subscribe" | "unsubscribe";
  subjects: Subjects;
}

/** How far the job of a media is. */
export interface FeedData {
  job_id: string;
  status: JobStatus;
  /** 0–100. */
  progress: number;
  /** A small image among the outputs, once there is one. */
  thumbnail_url: string | null;
}

export interface FeedEvent {
  /** `progress:<media id>` */
  event: `progress:${string}`;
  data: FeedData;
}

export type FeedMessage =
  /** The answer to a message: what it was about; `unknown` ids are not there, or another's. */
  | {
      type: "subscribed" | "unsubscribed";
      jobs: string[];
      media: string[];
      batches: string[];
      all: boolean;
      unknown: string[];
    }
  /** How things stand with what was subscribed to. */
  | { type: "snapshot"; events: FeedEvent[] }
  /** What has changed since; at most four of these come in a second. */
  | { type: "events"; events: FeedEvent[] }
  | { type: "error"; code: "malformed_message" | "too_many_subscriptions"; message: string };

/** What a client asks for, or in words what is wrong with its message. */
export function readRequest(message: string | ArrayBuffer): Request | string {
  if (typeof message !== "string") return "Send JSON as text.";
  if (message.length > MAX_MESSAGE_CHARACTERS) {
    return `A message has at most ${MAX_MESSAGE_CHARACTERS} characters.`;
  }
  const parsed = clientMessage.safeParse(jsonIn(message));
  if (!parsed.success) {
    return 'Send {"type": "subscribe" or "unsubscribe"} with "jobs", "media", "batches" (at most 200 ids each) or "all": true.';
  }
  const { type, jobs = [], media = [], batches = [], all = false } = parsed.data;
  if (jobs.length + media.length + batches.length === 0 && !all) {
    return 'Name "jobs", "media", "batches" or "all": true.';
  }
  const subjects = { jobs: once(jobs), media: once(media), batches: once(batches), all };
  return { type, subjects };
}

/** Subjects in the form that they are stored in. */
export function subjectNames({ jobs, media, batches, all }: Subjects): string[] {
  return [
    ...jobs.map((id) => `job:${id}`),
    ...media.map((id) => `media:${id}`),
    ...batches.map((id) => `batch:${id}`),
    ...(all ? ["all"] : []),
  ];
}

/** The subjects under which a job is told of. */
export function namesOf(job: { jobId: string; mediaId: string; batchId: string | null }): string[] {
  const batch = job.batchId === null ? [] : [`batch:${job.batchId}`];
  return ["all", `job:${job.jobId}`, `media:${job.mediaId}`, ...batch];
}

function once(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
