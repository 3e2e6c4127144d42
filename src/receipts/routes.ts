import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import { objectResponse } from "../media/object-response.ts";
import type { AppContext } from "../request-context.ts";
import { describeReceipt, type ReceiptRow, receiptDocument, receiptFields } from "./receipt.ts";
import { receiveFile } from "./receive.ts";
import { deleteReceipt, listReceipts, readReceipt } from "./store.ts";

/** The receiving end of `ship`: what other services deliver here. `POST /upload-final` is another name for the first. */
export const receiptRoutes = createRoutes();

const params = z.object({ id: z.string() });
const one = { "application/json": { schema: receiptDocument } };
const described = { tags: ["receipts"], security: [{ key: [] }] };

// The body is read as a stream, so this route is described here and parsed by hand below.
receiptRoutes.openAPIRegistry.registerPath({
  ...described,
  method: "post",
  path: "/v1/receipts",
  summary: "Deliver a file; the same delivery again is answered with the first receipt",
  request: {
    headers: z.object({ "X-Delivery-Id": z.string().max(200).optional() }),
    body: {
      required: true,
      content: {
        "multipart/form-data": {
          schema: receiptFields.extend({ file: z.string().openapi({ format: "binary" }) }),
        },
      },
    },
  },
  responses: {
    200: { description: "It was delivered before; this is its receipt", content: one },
    201: { description: "Received", content: one },
  },
});
receiptRoutes.post("/v1/receipts", requireScope("write"), async (c) => {
  const contentType = c.req.header("Content-Type") ?? "";
  const { body } = c.req.raw;
  if (!body || c.req.header("Content-Length") === "0") {
    throw new MediaError("empty_body", "Send a file as multipart/form-data.");
  }
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    throw new MediaError(
      "unsupported_content_type",
      `${contentType || "No Content-Type"} is not accepted here.`,
    );
  }
  const deliveryId = c.req.header("X-Delivery-Id") ?? c.req.header("Idempotency-Key");
  const { receipt, isNew } = await receiveFile(c.env, c.get("caller").owner, body, contentType, deliveryId);
  const document = describeReceipt(receipt, new URL(c.req.url).origin);
  return c.json(document, isNew ? 201 : 200, { Location: `/v1/receipts/${receipt.id}` });
});

const list = createRoute({
  ...described,
  method: "get",
  path: "/v1/receipts",
  summary: "List receipts, newest first",
  middleware: [requireScope("read")] as const,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().startsWith("rcp_").optional(),
      worker: z.string().max(100).optional(),
    }),
  },
  responses: {
    200: {
      description: "A page of receipts; Link: rel=next names the one after",
      content: {
        "application/json": {
          schema: z.object({ receipts: z.array(receiptDocument), next_cursor: z.string().nullable() }),
        },
      },
    },
  },
});

receiptRoutes.openapi(list, async (c) => {
  const page = await listReceipts(c.env.DB, c.get("caller").owner, c.req.valid("query"));
  const url = new URL(c.req.url);
  if (page.nextCursor !== undefined) {
    url.searchParams.set("cursor", page.nextCursor);
    c.header("Link", `<${url}>; rel="next"`);
  }
  const receipts = page.receipts.map((row) => describeReceipt(row, url.origin));
  return c.json({ receipts, next_cursor: page.nextCursor ?? null }, 200);
});

const get = createRoute({
  ...described,
  method: "get",
  path: "/v1/receipts/{id}",
  summary: "Read a receipt",
  middleware: [requireScope("read")] as const,
  request: { params },
  responses: { 200: { description: "The receipt", content: one } },
});

receiptRoutes.openapi(get, async (c) => {
  const row = await findReceipt(c as AppContext, c.req.valid("param").id);
  return c.json(describeReceipt(row, new URL(c.req.url).origin), 200);
});

receiptRoutes.openAPIRegistry.registerPath({
  ...described,
  method: "get",
  path: "/v1/receipts/{id}/file",
  summary: "Read the file that was received",
  request: { params },
  responses: { 200: { description: "The file" }, 206: { description: "A range of it" } },
});
receiptRoutes.get("/v1/receipts/:id/file", requireScope("read"), async (c) => {
  const row = await findReceipt(c, c.req.param("id"));
  return await objectResponse(c.env.MEDIA, row.objectKey, c.req.raw, {
    type: row.type,
    // Whatever was sent here is never shown as a page of ours.
    headers: {
      "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(row.filename)}`,
      "Cache-Control": "private, max-age=3600",
      "Content-Security-Policy": "sandbox; default-src 'none'",
    },
  });
});

const remove = createRoute({
  ...described,
  method: "delete",
  path: "/v1/receipts/{id}",
  summary: "Delete a receipt with its file",
  middleware: [requireScope("write")] as const,
  request: { params },
  responses: { 204: { description: "Gone" } },
});

receiptRoutes.openapi(remove, async (c) => {
  await deleteReceipt(c.env.DB, c.env.MEDIA, await findReceipt(c as AppContext, c.req.valid("param").id));
  return c.body(null, 204);
});

async function findReceipt(c: AppContext, id: string): Promise<ReceiptRow> {
  const row = isId("receipt", id) ? await readReceipt(c.env.DB, c.get("caller").owner, id) : undefined;
  if (!row) throw new MediaError("not_found", "There is no such receipt.");
  return row;
}
