import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalDigest, canonicalJson } from "../../src/canonical-json.ts";
import { readIdempotencyKey } from "../../src/idempotency/key.ts";
import { openAnswer, sealAnswer } from "../../src/idempotency/sealed-answer.ts";

describe("an Idempotency-Key", () => {
  it("is the same in quotes and bare", () => {
    const uuid = "8e03978e-40d5-43e8-bc93-6894a57f9324";
    expect(readIdempotencyKey(uuid)).toBe(uuid);
    expect(readIdempotencyKey(`"${uuid}"`)).toBe(uuid);
    expect(readIdempotencyKey(` ${uuid} `)).toBe(uuid);
    expect(readIdempotencyKey('"a\\"b"')).toBe('a"b');
    expect(readIdempotencyKey(undefined)).toBeUndefined();
  });

  it.each(["", "  ", '""', "a b", "é", "a\u0000", "x".repeat(256)])("is refused as %j", (header) => {
    expect(() => readIdempotencyKey(header)).toThrow(
      expect.objectContaining({ code: "invalid_idempotency_key" }),
    );
  });

  it("may be as long as 255 characters", () => {
    expect(readIdempotencyKey("x".repeat(255))).toHaveLength(255);
  });
});

/** The same value with the fields of every object in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== "object") return value;
  const turned = Object.entries(value).reverse();
  return Object.fromEntries(turned.map(([name, content]) => [name, shuffled(content)]));
}

describe("canonical JSON", () => {
  it("does not depend on the order of fields, and says all that was said", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(canonicalJson(shuffled(plain))).toBe(canonicalJson(plain));
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
      }),
    );
  });

  it("tells apart what is not equal", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const [one, other] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))];
        const areEqual = JSON.stringify(shuffled(one)) === JSON.stringify(shuffled(other));
        if (areEqual) expect(canonicalJson(one)).toBe(canonicalJson(other));
        else if (canonicalJson(one) === canonicalJson(other)) expect(one).toEqual(other);
      }),
    );
  });

  it("leaves out what is undefined, keeps the order of arrays, and does not mistake names for numbers", async () => {
    expect(canonicalJson({ b: 1, a: undefined, 10: [2, 1], 9: null })).toBe('{"10":[2,1],"9":null,"b":1}');
    expect(await canonicalDigest({ a: 1 })).toMatch(/^[0-9a-f]{64}$/);
    expect(await canonicalDigest([1, 2])).not.toBe(await canonicalDigest([2, 1]));
  });
});

describe("a kept answer", () => {
  const answer = { status: 201, headers: { Location: "/v1/keys/1" }, body: '{"key":"dr_secret"}' };

  it("shows nothing of itself, and is opened only by the secret and the holder that it was sealed for", async () => {
    const sealed = await sealAnswer(answer, "secret-one", "anna");
    expect(atob(sealed)).not.toContain("dr_secret");
    expect(await openAnswer(sealed, "secret-one", "anna")).toEqual(answer);
    expect(await openAnswer(sealed, "secret-two", "anna")).toBeUndefined();
    expect(await openAnswer(sealed, "secret-one", "bert")).toBeUndefined();
    expect(await openAnswer(`${sealed.slice(0, -4)}AAAA`, "secret-one", "anna")).toBeUndefined();
    expect(await sealAnswer(answer, "secret-one", "anna")).not.toBe(sealed);
  });
});
