import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import type { AppContext } from "../request-context.ts";
import { RESOLUTIONS } from "../schema/failures.ts";
import {
  deadLetterDocument,
  describeLetter,
  letterFilter,
  letterFilterFields,
} from "./dead-letter-document.ts";
import {
  annotateLetter,
  type DeadLetterRow,
  listDeadMessages,
  listLetters,
  readLetter,
} from "./store/dead-letters.ts";

/** Jobs that failed for good: reading them and writing down what became of them. Requeueing is in `processing/`. */
export const deadLetterRoutes = createRoutes();

const letterAnswer = { content: { "application/json": { schema: deadLetterDocument } } };

const list = createRoute({
  method: "get",
  path: "/v1/dead-letters",
  tags: ["dead letters"],
  summary: "List jobs that failed for good, youngest job first",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().startsWith("job_").optional(),
      ...letterFilterFields,
      older_than: z.coerce.number().min(0).optional().openapi({ description: "Seconds since it failed" }),
      resolution: z.enum(["open", ...RESOLUTIONS]).optional(),
    }),
  },
  responses: {
    200: {
      description: "A page of dead letters; Link: rel=next names the one after",
      content: {
        "application/json": {
          schema: z.object({
            dead_letters: z.array(deadLetterDocument),
            next_cursor: z.string().nullable(),
          }),
        },
      },
    },
  },
});

deadLetterRoutes.openapi(list, async (c) => {
  const { limit, cursor, resolution, ...fields } = c.req.valid("query");
  const filter = { ...letterFilter(fields, Date.now()), resolution, limit, cursor };
  const page = await listLetters(c.env.DB, c.get("caller").owner, filter);
  if (page.nextCursor) {
    const url = new URL(c.req.url);
    url.searchParams.set("cursor", page.nextCursor);
    c.header("Link", `<${url}>; rel="next"`);
  }
  const letters = page.letters.map((letter) => shown(c, letter));
  return c.json({ dead_letters: letters, next_cursor: page.nextCursor ?? null }, 200);
});

// Before the letter of a job, whose path would take it for a job's.
const messages = createRoute({
  method: "get",
  path: "/v1/dead-letters/messages",
  tags: ["dead letters"],
  summary: "List messages that died in a queue and that nobody could make sense of",
  security: [{ key: [] }],
  middleware: [requireScope("admin")] as const,
  request: { query: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20) }) },
  responses: {
    200: {
      description: "The newest of them",
      content: {
        "application/json": {
          schema: z.object({
            messages: z.array(
              z.object({
                id: z.string(),
                queue: z.string(),
                body: z.string(),
                reason: z.string(),
                received_at: z.iso.datetime(),
              }),
            ),
          }),
        },
      },
    },
  },
});

deadLetterRoutes.openapi(messages, async (c) => {
  const kept = await listDeadMessages(c.env.DB, c.req.valid("query").limit);
  const shownMessages = kept.map(({ receivedAt, ...message }) => ({
    ...message,
    received_at: new Date(receivedAt).toISOString(),
  }));
  return c.json({ messages: shownMessages }, 200);
});

const get = createRoute({
  method: "get",
  path: "/v1/dead-letters/{job}",
  tags: ["dead letters"],
  summary: "Read why a job failed: its whole history of failures, and what to do next",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: { params: z.object({ job: z.string() }) },
  responses: { 200: { description: "The dead letter", ...letterAnswer } },
});

deadLetterRoutes.openapi(get, async (c) =>
  c.json(shown(c, await findLetter(c.env.DB, c.get("caller").owner, c.req.valid("param").job)), 200),
);

const annotate = createRoute({
  method: "patch",
  path: "/v1/dead-letters/{job}",
  tags: ["dead letters"],
  summary: "Write down what was found out, or how it was resolved",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: {
    params: z.object({ job: z.string() }),
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z
            .strictObject({
              notes: z.string().max(10_000).optional(),
              resolution: z.enum(RESOLUTIONS).nullable().optional(),
            })
            .refine((changes) => Object.keys(changes).length > 0, "Send notes, a resolution, or both."),
        },
      },
    },
  },
  responses: { 200: { description: "The dead letter as it is now", ...letterAnswer } },
});

deadLetterRoutes.openapi(annotate, async (c) => {
  const { job } = c.req.valid("param");
  const letter = isId("job", job)
    ? await annotateLetter(c.env.DB, c.get("caller").owner, job, c.req.valid("json"), Date.now())
    : undefined;
  if (!letter) throw noLetter(job);
  return c.json(shown(c, letter), 200);
});

/**
 * The dead letter of a job of this owner.
 *
 * @throws MediaError `not_found`, also for another owner's.
 */
export async function findLetter(d1: D1Database, owner: string, jobId: string): Promise<DeadLetterRow> {
  const letter = isId("job", jobId) ? await readLetter(d1, owner, jobId) : undefined;
  if (!letter) throw noLetter(jobId);
  return letter;
}

function noLetter(jobId: string): MediaError {
  return new MediaError(
    "not_found",
    `There is no dead letter of a job ${JSON.stringify(jobId.slice(0, 64))}.`,
  );
}

function shown(c: AppContext, letter: DeadLetterRow) {
  const showsDetail = c.get("caller").scopes.includes("admin");
  return describeLetter(letter, { origin: new URL(c.req.url).origin, showsDetail });
}
