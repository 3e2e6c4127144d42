import { beforeAll, describe, expect, it } from "vitest";
import { ask, BOOTSTRAP_KEY, bearer, giveKey, prepareDatabase, sendJson, testEnv } from "./service.ts";

beforeAll(prepareDatabase);

const admin = bearer(BOOTSTRAP_KEY);
const request = { owner: "studio", name: "press kit", scopes: ["read", "write"] };

interface KeyAnswer {
  id: string;
  key: string;
}

async function create(): Promise<KeyAnswer> {
  const response = await ask("/v1/keys", sendJson("POST", request, admin));
  expect(response.status).toBe(201);
  return await response.json();
}

describe("an operator", () => {
  it("creates a key, which is shown once and works", async () => {
    const { id, key } = await create();
    const who = await ask("/v1/things", { headers: bearer(key) });
    expect(await who.json()).toMatchObject({ owner: "studio", scopes: ["read", "write"], keyId: id });
    const list = await (await ask("/v1/keys", { headers: admin })).text();
    expect(list).toContain(id);
    expect(list).not.toContain(key);
    const rows = await testEnv.DB.prepare("SELECT * FROM api_keys").all();
    expect(JSON.stringify(rows.results)).not.toContain(key);
  });

  it("lists keys newest first, a page at a time", async () => {
    const made = [await create(), await create(), await create()];
    const first = await ask("/v1/keys?limit=2", { headers: admin });
    const next = /<(.*)>; rel="next"/.exec(first.headers.get("Link") ?? "")?.[1];
    const second = await ask(String(next), { headers: admin });
    const ids = [first, second].map(async (page) => {
      const { keys } = (await page.json()) as { keys: KeyAnswer[] };
      return keys.map((each) => each.id);
    });
    const listed = (await Promise.all(ids)).flat();
    expect(listed.slice(0, 3)).toEqual(made.map(({ id }) => id).reverse());
  });

  it("revokes a key once", async () => {
    const { id, key } = await create();
    expect((await ask(`/v1/keys/${id}`, { method: "DELETE", headers: admin })).status).toBe(204);
    expect((await ask("/v1/things", { headers: bearer(key) })).status).toBe(401);
    expect((await ask(`/v1/keys/${id}`, { method: "DELETE", headers: admin })).status).toBe(404);
    expect((await ask("/v1/keys/nonsense", { method: "DELETE", headers: admin })).status).toBe(404);
  });

  it.each<[string, object]>([
    ["an unknown scope", { ...request, scopes: ["root"] }],
    ["no scope", { ...request, scopes: [] }],
    ["an unknown field", { ...request, expires: 1 }],
    ["an owner with a slash", { ...request, owner: "a/b" }],
  ])("is told when a request has %s", async (_, body) => {
    const response = await ask("/v1/keys", sendJson("POST", body, admin));
    expect(response.ok).toBe(false);
    expect(response.status).toBeLessThan(500);
  });
});

describe("anyone else", () => {
  it("cannot see, make or revoke keys", async () => {
    const { id, key } = await giveKey("anna", ["read", "write"]);
    const headers = bearer(key);
    expect((await ask("/v1/keys", { headers })).status).toBe(403);
    expect((await ask("/v1/keys", sendJson("POST", request, headers))).status).toBe(403);
    expect((await ask(`/v1/keys/${id}`, { method: "DELETE", headers })).status).toBe(403);
    expect((await ask("/v1/keys")).status).toBe(401);
  });
});
