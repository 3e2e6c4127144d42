import { beforeAll, describe, expect, it } from "vitest";
import { revokeKey } from "../../src/access/keys.ts";
import { signToken } from "../../src/access/token.ts";
import { createWatchToken } from "../../src/access/watch-token.ts";
import { LIMITS } from "../../src/config.ts";
import { ask, BOOTSTRAP_KEY, bearer, giveKey, prepareDatabase, SECRET, testEnv } from "./service.ts";

beforeAll(prepareDatabase);

async function expectUnauthenticated(response: Response): Promise<void> {
  expect(response.status).toBe(401);
  expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
  expect(await response.json()).toMatchObject({ type: "/problems/unauthenticated" });
}

describe("a request with a key", () => {
  it("comes from the key's owner with the key's scopes", async () => {
    const { id, key } = await giveKey("anna", ["read"]);
    const response = await ask("/v1/things", { headers: bearer(key) });
    expect(await response.json()).toEqual({ owner: "anna", scopes: ["read"], keyId: id, viaSession: false });
  });

  it("comes from the default owner with all scopes when it is the bootstrap key", async () => {
    const response = await ask("/v1/things", { headers: bearer(BOOTSTRAP_KEY) });
    expect(await response.json()).toMatchObject({ owner: "default", keyId: "bootstrap" });
    expect((await ask("/v1/things", { method: "POST", headers: bearer(BOOTSTRAP_KEY) })).status).toBe(201);
  });

  it.each<[string, HeadersInit]>([
    ["none", {}],
    ["a wrong one", bearer("dr_wrong")],
    ["an empty one", { Authorization: "Bearer " }],
    ["another scheme", { Authorization: `Basic ${btoa(`x:${BOOTSTRAP_KEY}`)}` }],
    ["nearly the bootstrap key", bearer(`${BOOTSTRAP_KEY}x`)],
    ["two at once", { Authorization: `Bearer ${BOOTSTRAP_KEY} ${BOOTSTRAP_KEY}` }],
  ])("is refused when the key is %s", async (_, headers) => {
    await expectUnauthenticated(await ask("/v1/things", { headers }));
  });

  it("is refused from the moment the key is revoked", async () => {
    const { id, key } = await giveKey("anna", ["read"]);
    expect((await ask("/v1/things", { headers: bearer(key) })).status).toBe(200);
    await revokeKey(testEnv.DB, id, 1);
    await expectUnauthenticated(await ask("/v1/things", { headers: bearer(key) }));
  });

  it("is refused what its scopes do not allow, with the scope named", async () => {
    const { key } = await giveKey("anna", ["read"]);
    const response = await ask("/v1/things", { method: "POST", headers: bearer(key) });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      type: "/problems/forbidden",
      detail: expect.stringContaining('"write"'),
    });
  });

  it("is allowed everything with admin", async () => {
    const { key } = await giveKey("anna", ["admin"]);
    expect((await ask("/v1/things", { headers: bearer(key) })).status).toBe(200);
    expect((await ask("/v1/things", { method: "POST", headers: bearer(key) })).status).toBe(201);
  });

  it("is refused where nobody asked who it is from", async () => {
    await expectUnauthenticated(await ask("/unguarded", { headers: bearer(BOOTSTRAP_KEY) }));
  });
});

describe("a watcher with a token", () => {
  const watch = (job: string, token: string, method = "GET") =>
    ask(`/v1/jobs/${job}/watch?token=${token}`, { method });

  it("reads the job that the token names, for its owner", async () => {
    const token = await createWatchToken(SECRET, "job_a", "anna", Date.now());
    const response = await watch("job_a", token);
    expect(await response.json()).toEqual({
      owner: "anna",
      scopes: ["read"],
      keyId: "watch",
      viaSession: false,
    });
  });

  it("sees no other job", async () => {
    const token = await createWatchToken(SECRET, "job_a", "anna", Date.now());
    await expectUnauthenticated(await watch("job_b", token));
  });

  it("writes nothing, and goes nowhere else", async () => {
    const token = await createWatchToken(SECRET, "job_a", "anna", Date.now());
    await expectUnauthenticated(await watch("job_a", token, "POST"));
    await expectUnauthenticated(await ask(`/v1/things?token=${token}`));
    await expectUnauthenticated(await ask("/v1/things", { headers: bearer(token) }));
  });

  it("is refused when the token expired, was tampered with, or was made for something else", async () => {
    const claims = { jobId: "job_a", owner: "anna" };
    const soon = Date.now() + 60_000;
    const good = await createWatchToken(SECRET, "job_a", "anna", Date.now());
    await expectUnauthenticated(
      await watch("job_a", await createWatchToken(SECRET, "job_a", "anna", Date.now() - LIMITS.watchTokenMs)),
    );
    await expectUnauthenticated(await watch("job_a", `${good.slice(0, -2)}AA`));
    await expectUnauthenticated(await watch("job_a", await signToken(SECRET, "session", claims, soon)));
    await expectUnauthenticated(
      await watch("job_a", await signToken(SECRET, "watch", { jobId: "job_a" }, soon)),
    );
  });

  it("may show a key instead", async () => {
    const { key } = await giveKey("anna", ["read"]);
    expect((await ask("/v1/jobs/job_a/watch", { headers: bearer(key) })).status).toBe(200);
    await expectUnauthenticated(await ask("/v1/jobs/job_a/watch"));
  });
});
