/**
 * What a decoder of the edge refuses as damaged is looked at once more, by libvips in a container, before anybody is told:
 * our own decoders may be wrong, and a picture that opens everywhere else must open here. libvips is asked to be strict
 * then: it fills what is missing with grey, says so in a warning, and that would be no second opinion.
 */
import { z } from "zod";
import { MediaError } from "../errors.ts";
import type { TaskRow } from "../jobs/claimed-task.ts";
import type { RetryDecision } from "../jobs/retry-policy.ts";

/** What an isolate can hold is read by a container in a moment: one that takes longer is made to, ms. */
export const SECOND_OPINION_MS = 30_000;

/** Where a task goes on whose original the edge refused; undefined when the refusal is final. */
export function askElsewhere(task: TaskRow, error: MediaError): RetryDecision | undefined {
  if (!error.isDoubtful || task.lane !== "edge") return undefined;
  const place = { lane: "container-short", slotSize: "standard" } as const;
  return { retry: true, delayMs: 0, counted: false, unspent: true, place, doubt: error.message };
}

/** What the edge said of the original of a task; undefined when it said nothing. */
export function doubtOf({ spec }: Pick<TaskRow, "spec">): string | undefined {
  return doubted.safeParse(spec).data?.doubt;
}

const doubted = z.object({ doubt: z.string() });

/**
 * What both decoders say together. Whatever a container makes of damage (an error, a crash, no end) confirms it, and is
 * not tried again; when none could look at it, nothing is known yet.
 *
 * @param doubt the sentence of the edge, which says what broke
 */
export function confirmed(doubt: string | undefined, error: MediaError): MediaError {
  if (doubt === undefined || !isVerdict(error)) return error;
  return new MediaError("corrupt_image", `${doubt} A second decoder could not read it either.`, {
    privateDetail: error.privateDetail ?? error.message,
    cause: error,
  });
}

function isVerdict(error: MediaError): boolean {
  if (error.code === "corrupt_image" || error.code === "unsupported_image") return true;
  // A full disk is the machine's trouble, whatever the file is.
  return error.class === "codec" || (error.class === "resource" && error.code !== "disk_full");
}
