import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { sha256Hex } from "../../src/digest.ts";
import { sweep } from "../../src/retention/sweep.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { BOUNDARY, inPieces, multipart, problemOf } from "../submission/sending.ts";

let anna: { Authorization: string };
let ben: { Authorization: string };
let jpeg: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  ben = await keyFor("ben");
  jpeg = await fileOf(photo(40, 30), "jpeg");
});
beforeEach(emptyStorage);

interface Receipt {
  receipt_id: string;
  sha256: string;
  type: string;
  file_url: string;
}

type Parts = Parameters<typeof multipart>[0];

function parts(
  fields: Record<string, string>,
  body: string | Uint8Array = jpeg,
  filename = "photo.jpg",
): Parts {
  const texts = Object.entries(fields).map(([name, value]) => ({ name, body: value }));
  return [...texts, { name: "file", filename, type: "image/jpeg", body }];
}

async function deliver(
  sent: Parts | ReadableStream<Uint8Array>,
  headers: Record<string, string> = anna,
  path = "/v1/receipts",
): Promise<Response> {
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  const body = Array.isArray(sent) ? multipart(sent) : (sent as BodyInit);
  return await ask(path, { method: "POST", headers: { ...headers, "Content-Type": type }, body });
}

describe("a delivered file", () => {
  it("is stored, listed and read back by its owner only, and deleted", async () => {
    const response = await deliver(
      parts({ worker_name: "worker-1", job_id: "job_x" }),
      anna,
      "/upload-final",
    );
    expect(response.status).toBe(201);
    const receipt = (await response.json()) as Receipt;
    expect(receipt).toMatchObject({
      worker_name: "worker-1",
      filename: "photo.jpg",
      type: "image/jpeg",
      bytes: jpeg.length,
      sha256: await sha256Hex(jpeg),
      details: { job_id: "job_x" },
    });
    const back = await ask(receipt.file_url, { headers: anna });
    expect(new Uint8Array(await back.arrayBuffer())).toEqual(jpeg);
    expect(back.headers.get("Content-Disposition")).toMatch(/^attachment/);
    const listed = await ask("/v1/receipts?worker=worker-1", { headers: anna });
    expect(await listed.json()).toMatchObject({
      receipts: [{ receipt_id: receipt.receipt_id }],
      next_cursor: null,
    });
    const own = `/v1/receipts/${receipt.receipt_id}`;
    for (const path of [own, `${own}/file`])
      await problemOf(await ask(path, { headers: ben }), 404, "not_found");
    await problemOf(await ask(own, { headers: ben, method: "DELETE" }), 404, "not_found");
    expect(await (await ask("/v1/receipts", { headers: ben })).json()).toMatchObject({ receipts: [] });
    expect((await ask(own, { headers: anna, method: "DELETE" })).status).toBe(204);
    expect(await storedKeys()).toEqual([]);
  });

  it("may be of several parts and no media at all, and is never held whole", async () => {
    const large = new Uint8Array(LIMITS.uploadPartBytes + 100_000).fill(7);
    const body = inPieces(multipart(parts({ worker_name: "w" }, large, "../../etc/blob.bin")), 100_000);
    const receipt = (await (await deliver(body)).json()) as Receipt;
    expect(receipt).toMatchObject({
      filename: "blob.bin",
      bytes: large.length,
      sha256: await sha256Hex(large),
    });
  });

  it("is answered with the first receipt when it is delivered again, also at the same moment", async () => {
    const again = () => deliver(parts({ worker_name: "w", delivery_id: "out_1" }));
    const answers = await Promise.all([again(), again(), again()]);
    for (const header of ["X-Delivery-Id", "Idempotency-Key"]) {
      answers.push(
        await deliver(parts({ worker_name: "w" }), { ...anna, [header]: "out_1" }, "/upload-final"),
      );
    }
    const ids = await Promise.all(
      answers.map(async (answer) => ((await answer.json()) as Receipt).receipt_id),
    );
    expect(new Set(ids).size).toBe(1);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 201]);
    expect(await storedKeys()).toHaveLength(1);
    expect(await rowsOf("activity")).toHaveLength(1);
    expect(await rowsOf("uploads")).toEqual([]);
    const other = await deliver(parts({ worker_name: "w", delivery_id: "out_1" }, jpeg.subarray(0, 300)));
    expect(other.status).toBe(201);
    expect((await deliver(parts({ worker_name: "w", delivery_id: "out_1" }), ben)).status).toBe(201);
  });
});

describe("a delivery that cannot be taken", () => {
  it("leaves nothing behind", async () => {
    const [field] = parts({ worker_name: "w" });
    const worker = { worker_name: "w" };
    for (const [sent, status, code] of [
      [parts({}), 422, "invalid_request"],
      [parts({ ...worker, password: "x" }), 422, "invalid_request"],
      [parts({ worker_name: "two\nlines" }), 422, "invalid_request"],
      [parts({ ...worker, sha256: "0".repeat(64) }), 415, "type_mismatch"],
      [parts({ ...worker, bytes: "3" }), 415, "type_mismatch"],
      [parts(worker, ""), 422, "empty_file"],
      [field ? [field] : [], 422, "missing_file"],
      [[...parts(worker), ...parts({})], 422, "too_many_files"],
      [[{ name: "input_file", filename: "a", body: jpeg }], 422, "invalid_request"],
    ] as [Parts, number, string][]) {
      await problemOf(await deliver(sent), status, code);
    }
    const whole = multipart(parts(worker));
    await problemOf(
      await deliver(inPieces(whole.subarray(0, whole.length - 200), 1000)),
      400,
      "malformed_multipart",
    );
    await problemOf(await deliver(parts(worker), await keyFor("anna", ["read"])), 403, "forbidden");
    await problemOf(await deliver(parts(worker), {}), 401, "unauthenticated");
    await problemOf(await deliver(parts(worker), {}, "/upload-final"), 401, "unauthenticated");
    expect(await storedKeys()).toEqual([]);
    expect(await rowsOf("uploads")).toEqual([]);
    expect(await rowsOf("receipts")).toEqual([]);
  });

  it("is swept when a crash stopped it half-way", async () => {
    await testEnv.MEDIA.put("receipts/rcp_x", jpeg);
    await testEnv.DB.prepare(
      "INSERT INTO uploads (id, owner, object_key, created_at) VALUES ('upl_x', 'anna', 'receipts/rcp_x', 0)",
    ).run();
    await sweep(testEnv, Date.now());
    expect(await storedKeys()).toEqual([]);
  });
});
