import { beforeAll, describe, expect, it } from "vitest";
import { revokeKey } from "../../src/access/keys.ts";
import { signToken } from "../../src/access/token.ts";
import {
  ask,
  BOOTSTRAP_KEY,
  bearer,
  giveKey,
  ORIGIN,
  prepareDatabase,
  SECRET,
  sendJson,
  testEnv,
} from "./service.ts";

beforeAll(prepareDatabase);

/** Opens a session and gives the cookie as the browser sends it back. */
async function signIn(key: string): Promise<string> {
  const response = await ask("/session", sendJson("POST", { key }));
  expect(response.status).toBe(200);
  return String(response.headers.get("Set-Cookie")?.split(";")[0]);
}

describe("a session", () => {
  it("is opened with a key, says who, and reads", async () => {
    const { id, key } = await giveKey("anna", ["read"]);
    const cookie = await signIn(key);
    const who = await ask("/session", { headers: { Cookie: cookie } });
    expect(await who.json()).toEqual({ owner: "anna", scopes: ["read"], key_id: id });
    const read = await ask("/v1/things", { headers: { Cookie: cookie } });
    expect(await read.json()).toMatchObject({ owner: "anna", viaSession: true });
  });

  it("lies in a cookie that scripts cannot read, other sites cannot send, and that holds no key", async () => {
    const response = await ask("/session", sendJson("POST", { key: BOOTSTRAP_KEY }));
    const cookie = String(response.headers.get("Set-Cookie"));
    expect(cookie).toMatch(/^__Host-darkroom_session=/);
    for (const part of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=43200"]) {
      expect(cookie).toContain(part);
    }
    expect(cookie).not.toContain("Domain");
    expect(atob(String(cookie.split(/[=.]/)[1]))).not.toContain(BOOTSTRAP_KEY);
  });

  it("works without https for local development", async () => {
    const local = "http://127.0.0.1:8787/session";
    const opened = await ask(local, sendJson("POST", { key: BOOTSTRAP_KEY }));
    const cookie = String(opened.headers.get("Set-Cookie"));
    expect(cookie).toMatch(/^darkroom_session=/);
    expect(cookie).not.toContain("Secure");
    const who = await ask(local, { headers: { Cookie: String(cookie.split(";")[0]) } });
    expect(who.status).toBe(200);
  });

  it("is opened by a form, which goes back to the page", async () => {
    const form = new URLSearchParams({ key: BOOTSTRAP_KEY });
    const response = await ask("/session", { method: "POST", body: form, headers: { Origin: ORIGIN } });
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toBe("/");
    expect(response.headers.get("Set-Cookie")).toContain("darkroom_session=");
  });

  it.each<[string, RequestInit]>([
    ["a wrong key", sendJson("POST", { key: "dr_wrong" })],
    ["no key", sendJson("POST", {})],
    ["nothing", { method: "POST" }],
  ])("is not opened with %s", async (_, init) => {
    const response = await ask("/session", init);
    expect(response.status).toBe(401);
    expect(response.headers.get("Set-Cookie")).toBeNull();
  });

  it("is not opened from another site", async () => {
    const headers = { Origin: "https://elsewhere.test" };
    expect((await ask("/session", sendJson("POST", { key: BOOTSTRAP_KEY }, headers))).status).toBe(403);
  });

  it("is closed by taking the cookie back", async () => {
    const response = await ask("/session", { method: "DELETE", headers: { Origin: ORIGIN } });
    expect(response.status).toBe(204);
    expect(response.headers.get("Set-Cookie")).toMatch(/^__Host-darkroom_session=;.*Max-Age=0/);
  });

  it("ends when its key is revoked", async () => {
    const { id, key } = await giveKey("anna", ["read"]);
    const cookie = await signIn(key);
    await revokeKey(testEnv.DB, id, 1);
    expect((await ask("/v1/things", { headers: { Cookie: cookie } })).status).toBe(401);
  });

  it("cannot be made without the bootstrap key that is set now", async () => {
    const claims = { keyId: "bootstrap" };
    const forged = await signToken(SECRET, "session", claims, Date.now() + 60_000);
    const earlier = await signToken(`${SECRET}\nan earlier key`, "session", claims, Date.now() + 60_000);
    for (const token of [forged, earlier]) {
      const headers = { Cookie: `__Host-darkroom_session=${token}` };
      expect((await ask("/v1/things", { headers })).status).toBe(401);
    }
  });

  it("does not stand in for a wrong key", async () => {
    const cookie = await signIn(BOOTSTRAP_KEY);
    const headers = { Cookie: cookie, ...bearer("dr_wrong") };
    expect((await ask("/v1/things", { headers })).status).toBe(401);
  });
});

describe("a write by cookie", () => {
  const write = async (headers: Record<string, string>) => {
    const cookie = await signIn(BOOTSTRAP_KEY);
    return (await ask("/v1/things", sendJson("POST", {}, { Cookie: cookie, ...headers }))).status;
  };

  it.each<[string, Record<string, string>]>([
    ["its Origin is ours", { Origin: ORIGIN }],
    ["the browser says same-origin", { "Sec-Fetch-Site": "same-origin" }],
  ])("is accepted when %s", async (_, headers) => {
    expect(await write(headers)).toBe(201);
  });

  it.each<[string, Record<string, string>]>([
    ["another site's page sends it", { Origin: "https://elsewhere.test", "Sec-Fetch-Site": "cross-site" }],
    ["a sibling host sends it", { Origin: "https://other.darkroom.test", "Sec-Fetch-Site": "same-site" }],
    ["its Origin is hidden", { Origin: "null" }],
    ["its Origin has another scheme", { Origin: "http://darkroom.test" }],
    ["nothing says where it comes from", {}],
  ])("is refused when %s", async (_, headers) => {
    expect(await write(headers)).toBe(403);
  });
});

describe("a WebSocket by cookie", () => {
  it("is opened from our own pages only", async () => {
    const cookie = await signIn(BOOTSTRAP_KEY);
    const open = async (Origin: string) =>
      (await ask("/v1/things", { headers: { Cookie: cookie, Upgrade: "websocket", Origin } })).status;
    expect(await open(ORIGIN)).toBe(200);
    expect(await open("https://other.darkroom.test")).toBe(403);
  });
});
