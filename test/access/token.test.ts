import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateKey, hashKey, keysMatch } from "../../src/access/key.ts";
import { signToken, verifyToken } from "../../src/access/token.ts";

const SECRET = "a secret of enough characters";
const NOW = 1_000_000;

describe("a token", () => {
  it("says what was signed until it expires", async () => {
    const token = await signToken(SECRET, "watch", { jobId: "job_1", owner: "Zoë" }, NOW + 1);
    expect(token).toMatch(/^[\w-]+\.[\w-]{43}$/);
    expect(await verifyToken(SECRET, "watch", token, NOW)).toEqual({ jobId: "job_1", owner: "Zoë" });
    expect(await verifyToken(SECRET, "watch", token, NOW + 1)).toBeUndefined();
  });

  it("says nothing for another purpose or under another secret", async () => {
    const token = await signToken(SECRET, "watch", { jobId: "job_1" }, NOW + 1);
    expect(await verifyToken(SECRET, "session", token, NOW)).toBeUndefined();
    expect(await verifyToken(`${SECRET}!`, "watch", token, NOW)).toBeUndefined();
  });

  it("says nothing once any character was changed", async () => {
    const token = await signToken(SECRET, "watch", { jobId: "job_1" }, NOW + 1);
    const characters = fc.constantFrom(..."abcXYZ019_-.=+ ");
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), characters, async (at, character) => {
        fc.pre(token[at] !== character);
        const forged = token.slice(0, at) + character + token.slice(at + 1);
        expect(await verifyToken(SECRET, "watch", forged, NOW)).toBeUndefined();
      }),
    );
  });

  it("has one spelling only, though the last character of its signature holds bits that mean nothing", async () => {
    const token = await signToken(SECRET, "watch", { jobId: "job_1" }, NOW + 1);
    const spellings = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", (last) =>
      verifyToken(SECRET, "watch", token.slice(0, -1) + last, NOW),
    );
    expect((await Promise.all(spellings)).filter((claims) => claims !== undefined)).toHaveLength(1);
  });

  it("says nothing when it is no token at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await verifyToken(SECRET, "watch", text, NOW)).toBeUndefined();
      }),
    );
  });
});

describe("a key", () => {
  it("is dr_ and 43 characters, never the same twice", () => {
    expect(generateKey()).toMatch(/^dr_[\w-]{43}$/);
    expect(generateKey()).not.toBe(generateKey());
  });

  it("is kept as SHA-256", async () => {
    expect(await hashKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("matches itself only", async () => {
    const key = generateKey();
    expect(await keysMatch(key, key)).toBe(true);
    expect(await keysMatch(key, `${key}x`)).toBe(false);
    expect(await keysMatch(key, generateKey())).toBe(false);
  });
});
