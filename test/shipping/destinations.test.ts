import { beforeAll, beforeEach, expect, it } from "vitest";
import { ask, emptyStorage, keyFor, prepareDatabase } from "../fixtures/app.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { problemOf } from "../submission/sending.ts";
import { BUCKET, HTTP } from "./shipping.ts";

let anna: { Authorization: string };
let ben: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  ben = await keyFor("ben");
});
beforeEach(emptyStorage);

async function register(body: unknown, headers: Record<string, string> = anna): Promise<Response> {
  const init = { method: "POST", headers: { ...headers, "Content-Type": "application/json" } };
  return await ask("/v1/destinations", { ...init, body: JSON.stringify(body) });
}

it("is registered, listed, read by id or name and deleted, and never says its credentials again", async () => {
  const http = await register({ ...HTTP, authorization: "Bearer open-sesame" });
  expect(http.status).toBe(201);
  const created = (await http.json()) as { destination_id: string };
  expect(created).toMatchObject({ name: "default", kind: "http", has_authorization: true });
  expect((await register(BUCKET)).status).toBe(201);
  const listed = await (await ask("/v1/destinations", { headers: anna })).text();
  expect(JSON.parse(listed).destinations).toMatchObject([
    { name: "archive", kind: "s3", region: "eu-central-1", bucket: "pictures", prefix: "2026/autumn" },
    { name: "default", kind: "http" },
  ]);
  const rows = JSON.stringify(await rowsOf("destinations"));
  for (const text of [listed, rows, JSON.stringify(created)]) {
    for (const secret of ["open-sesame", "AKIDEXAMPLE", "wJalrXUtnFEMI"]) expect(text).not.toContain(secret);
  }
  for (const id of [created.destination_id, "default"]) {
    expect((await ask(`/v1/destinations/${id}`, { headers: anna })).status).toBe(200);
    await problemOf(await ask(`/v1/destinations/${id}`, { headers: ben }), 404, "not_found");
    await problemOf(
      await ask(`/v1/destinations/${id}`, { method: "DELETE", headers: ben }),
      404,
      "not_found",
    );
  }
  const path = `/v1/destinations/${created.destination_id}`;
  expect((await ask(path, { method: "DELETE", headers: anna })).status).toBe(204);
  await problemOf(await ask(path, { headers: anna }), 404, "not_found");
});

it("shows that its URL has a query, and not what is in it", async () => {
  const url = "https://hooks.example.com/in?token=open-sesame";
  const made = await register({ ...HTTP, url });
  expect(await made.json()).toMatchObject({ url: "https://hooks.example.com/in?…" });
  expect(await (await ask("/v1/destinations", { headers: anna })).text()).not.toContain("open-sesame");
  expect(await rowsOf("destinations")).toMatchObject([{ url }]);
});

it("has a name of its own, and needs a key that may write", async () => {
  expect((await register(HTTP)).status).toBe(201);
  await problemOf(await register({ ...BUCKET, name: "default" }), 409, "conflict");
  expect((await register(HTTP, ben)).status).toBe(201);
  await problemOf(await register(HTTP, await keyFor("anna", ["read"])), 403, "forbidden");
});

it("is refused with unknown fields, without credentials, and with paths that lead out of the bucket", async () => {
  const { secret_access_key: _, ...withoutSecret } = BUCKET;
  for (const body of [
    { ...HTTP, password: "x" },
    { ...HTTP, name: "dst_x" },
    { ...HTTP, authorization: "two\r\nlines" },
    { ...BUCKET, prefix: "../other" },
    { ...BUCKET, bucket: "a/b" },
    withoutSecret,
    { kind: "ftp", name: "x", url: "ftp://example.com" },
  ]) {
    await problemOf(await register(body), 422, "invalid_request");
  }
});

it.each([
  "http://in.example.com/",
  "https://127.0.0.1/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://[::1]/",
  "https://[::ffff:10.0.0.1]/",
  "https://169.254.169.254/latest/meta-data",
  "https://localhost/",
  "https://metadata.google.internal/",
  "https://user:pass@example.com/",
  "https://example.com:22/",
  "ftp://example.com/",
])("may not be at %s", async (url) => {
  const http = await problemOf(await register({ ...HTTP, url }), 422, "invalid_request");
  expect(http.errors).toMatchObject([{ path: "url" }]);
  const bucket = await problemOf(await register({ ...BUCKET, endpoint: url }), 422, "invalid_request");
  expect(bucket.errors).toMatchObject([{ path: "endpoint" }]);
});
