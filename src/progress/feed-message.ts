/** What a client and an owner's feed say to each other over one WebSocket, as JSON. */
import { z } from "zod";
import type { JobStatus } from "../schema.ts";

const ids = z.array(z.string().max(64)).max(200);

const clientMessage = z.strictObject({
  type: z.enum(["subscribe", "unsubscribe"]),
  jobs: ids.optional(),
  media: ids.optional(),
  /** Everything of the owner. */
  all: z.literal(true).optional(),
});

/** Longer ones are not read. */
const MAX_MESSAGE_CHARACTERS = 32_768;

/** What a socket listens to; everything is `all`, the rest is `job:<id>` and `media:<id>`. */
export interface Subjects {
  jobs: readonly string[];
  media: readonly string[];
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
  | { type: "subscribed" | "unsubscribed"; jobs: string[]; media: string[]; all: boolean; unknown: string[] }
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
    return 'Send {"type": "subscribe" or "unsubscribe"} with "jobs", "media" (at most 200 ids each) or "all": true.';
  }
  const { type, jobs = [], media = [], all = false } = parsed.data;
  if (jobs.length + media.length === 0 && !all) return 'Name "jobs", "media" or "all": true.';
  return { type, subjects: { jobs: [...new Set(jobs)], media: [...new Set(media)], all } };
}

/** Subjects in the form that they are stored in. */
export function subjectNames({ jobs, media, all }: Subjects): string[] {
  return [...jobs.map((id) => `job:${id}`), ...media.map((id) => `media:${id}`), ...(all ? ["all"] : [])];
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
