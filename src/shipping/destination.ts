import { z } from "@hono/zod-openapi";
import type { InferSelectModel } from "drizzle-orm";
import { DESTINATION_KINDS, type destinations } from "../schema/shipping.ts";

export type DestinationRow = InferSelectModel<typeof destinations>;

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "1–64 letters, digits, dots, dashes and underscores")
  .refine((text) => !text.startsWith("dst_"), "Names do not look like ids")
  .openapi({ description: "What steps may call it by; `default` is where presets ship to" });

const header = z
  .string()
  .max(4_096)
  .regex(/^[!-~]([ -~]*[!-~])?$/, "Printable ASCII");

/** Letters, digits and what URLs leave alone, between slashes; no way up. */
const prefix = z
  .string()
  .max(512)
  .regex(/^([A-Za-z0-9_.=-]+\/)*([A-Za-z0-9_.=-]+)?$/, "Path segments of letters, digits, . _ = -")
  .refine((path) => !path.split("/").some((part) => part === "." || part === ".."), "No . or .. segments");

/** A destination as its owner registers it. What `httpSecrets` and `s3Secrets` name is never shown again. */
export const newDestination = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("http"),
      name,
      url: z.string(),
      /** Sent as it is, such as `Bearer …`. */
      authorization: header.optional(),
      /** The `worker_name` of what is shipped there; else that of the worker. */
      worker_name: z.string().min(1).max(100).optional(),
    }),
    z.strictObject({
      kind: z.literal("s3"),
      name,
      /** Such as `https://s3.eu-central-1.amazonaws.com`; buckets are addressed by path. */
      endpoint: z.string(),
      region: z.string().regex(/^[a-z0-9-]{1,64}$/),
      bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
      prefix: prefix.default(""),
      access_key_id: header,
      secret_access_key: header,
    }),
  ])
  .openapi("NewDestination");
export type NewDestination = z.infer<typeof newDestination>;

export const destinationDocument = z
  .object({
    destination_id: z.string(),
    name: z.string(),
    kind: z.enum(DESTINATION_KINDS),
    url: z.string(),
    region: z.string().optional(),
    bucket: z.string().optional(),
    prefix: z.string().optional(),
    worker_name: z.string().optional(),
    has_authorization: z.boolean().optional(),
    created_at: z.iso.datetime(),
  })
  .openapi("Destination");

/** What is kept of each kind beside its URL: openly, and sealed. */
export const httpSettings = z.object({
  worker_name: z.string().optional(),
  has_authorization: z.boolean(),
});
export const httpSecrets = z.object({ authorization: z.string().optional() });
export const s3Settings = z.object({ region: z.string(), bucket: z.string(), prefix: z.string() });
export const s3Secrets = z.object({ access_key_id: z.string(), secret_access_key: z.string() });

/** A destination with its secrets open, for as long as something is shipped there. */
export type OpenDestination = { id: string; url: URL } & (
  | { kind: "http"; settings: z.infer<typeof httpSettings>; secrets: z.infer<typeof httpSecrets> }
  | { kind: "s3"; settings: z.infer<typeof s3Settings>; secrets: z.infer<typeof s3Secrets> }
);

/** Splits what was registered into what is shown and what is sealed. */
export function partsOf(wanted: NewDestination): { settings: Record<string, unknown>; secrets: object } {
  if (wanted.kind === "http") {
    const { worker_name, authorization } = wanted;
    return {
      settings: { worker_name, has_authorization: authorization !== undefined },
      secrets: { authorization },
    };
  }
  const { region, bucket, prefix, access_key_id, secret_access_key } = wanted;
  return { settings: { region, bucket, prefix }, secrets: { access_key_id, secret_access_key } };
}

/** A query may hold what only the receiver should know, such as a token: that there is one is all that is shown. */
function withoutQuery(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search && "?…"}`;
}

export function describeDestination(row: DestinationRow): z.infer<typeof destinationDocument> {
  return {
    destination_id: row.id,
    name: row.name,
    kind: row.kind,
    url: withoutQuery(row.url),
    ...row.settings,
    created_at: new Date(row.createdAt).toISOString(),
  };
}
