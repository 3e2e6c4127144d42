import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { verifyWebhook } from "../../src/client/verify-webhook.ts";
import { generateSecret, signatureHeader } from "../../src/webhooks/signature.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT_S = 1_614_265_330;
const BODY = '{"test": 2432232314}';
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const nowMs = AT_S * 1000;

function headers(signature: string, change: Record<string, string> = {}) {
  return {
    "Webhook-Id": ID,
    "webhook-timestamp": String(AT_S),
    "webhook-signature": signature,
    ...change,
  };
}

describe("a signature", () => {
  it("is the published one for the published message", () => {
    expect(signatureHeader([SECRET], ID, AT_S, BODY)).toBe(SIGNATURE);
  });

  it("is made with every active secret, so that either verifies", async () => {
    const fresh = generateSecret();
    const header = signatureHeader([fresh, SECRET], ID, AT_S, BODY);
    expect(header.split(" ")).toHaveLength(2);
    for (const secret of [fresh, SECRET]) {
      expect(await verifyWebhook(BODY, headers(header), secret, { nowMs })).toEqual({
        id: ID,
        event: { test: 2432232314 },
      });
    }
  });

  it("is understood by the reference library", () => {
    const secret = generateSecret();
    const atS = Math.floor(Date.now() / 1000);
    const signature = signatureHeader([generateSecret(), secret], ID, atS, BODY);
    const sent = headers(signature, { "webhook-timestamp": String(atS) });
    expect(new Webhook(secret).verify(BODY, sent)).toEqual({ test: 2432232314 });
  });

  it("comes from secrets of 24 to 64 bytes", () => {
    const bytes = (secret: string) => atob(secret.slice("whsec_".length)).length;
    expect(generateSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(bytes(generateSecret(new Uint8Array(64)))).toBe(64);
    expect(generateSecret()).not.toBe(generateSecret());
    expect(() => generateSecret(new Uint8Array(23))).toThrow(RangeError);
    expect(() => generateSecret(new Uint8Array(65))).toThrow(RangeError);
  });
});

describe("a receiver", () => {
  it("accepts bytes as well as text", async () => {
    const { id } = await verifyWebhook(
      new TextEncoder().encode(BODY),
      new Headers(headers(SIGNATURE)),
      SECRET,
      { nowMs },
    );
    expect(id).toBe(ID);
  });

  it("accepts a request five minutes away and no further", async () => {
    const verify = (ms: number) => verifyWebhook(BODY, headers(SIGNATURE), SECRET, { nowMs: nowMs + ms });
    await expect(verify(300_000)).resolves.toBeDefined();
    await expect(verify(-300_000)).resolves.toBeDefined();
    await expect(verify(300_001)).rejects.toThrow("too far");
    await expect(verify(-300_001)).rejects.toThrow("too far");
  });

  it.each<[string, string, Record<string, string>]>([
    ["another body", `${BODY} `, {}],
    ["another id", BODY, { "Webhook-Id": "msg_x" }],
    ["another time", BODY, { "webhook-timestamp": String(AT_S + 1) }],
    ["no time", BODY, { "webhook-timestamp": "soon" }],
    ["no id", BODY, { "Webhook-Id": "" }],
    ["no signature", BODY, { "webhook-signature": "" }],
    ["another version", BODY, { "webhook-signature": SIGNATURE.replace("v1", "v2") }],
    ["a cut signature", BODY, { "webhook-signature": SIGNATURE.slice(0, -4) }],
    ["an empty signature", BODY, { "webhook-signature": "v1," }],
    ["another secret's signature", BODY, { "webhook-signature": "v1,AAAA" }],
  ])("refuses a request with %s", async (_, body, change) => {
    const verified = verifyWebhook(body, headers(SIGNATURE, change), SECRET, { nowMs });
    await expect(verified).rejects.toMatchObject({ name: "WebhookVerificationError" });
  });

  it("refuses what another secret signed", async () => {
    const others = [generateSecret(), generateSecret()];
    await expect(verifyWebhook(BODY, headers(SIGNATURE), others, { nowMs })).rejects.toThrow("no signature");
  });
});
