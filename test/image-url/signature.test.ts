import { describe, expect, it } from "vitest";
import {
  type SignedPath,
  signatureOf,
  signImagePath,
  verifyImagePath,
} from "../../src/image-url/signature.ts";

const KEYS = { current: "new-key-0123456789abcdef", previous: "old-key-0123456789abcdef" };
const PATH: SignedPath = { options: "width=400,fit=cover", mediaId: "med_01" };
const NOW = 1_800_000_000;

async function signatureWith(key: string, path = PATH): Promise<string> {
  const url = await signImagePath(path, { current: key });
  return signatureOf(url.split("/")[2] ?? "") ?? "";
}

const refused = expect.objectContaining({ code: "forbidden" });

describe("signed image paths", () => {
  it("have the form that the route expects", async () => {
    expect(await signImagePath(PATH, KEYS)).toMatch(/^\/img\/s--[\w-]{43}\/width=400,fit=cover\/med_01$/);
    expect(await signImagePath({ ...PATH, expiresAt: NOW }, KEYS)).toMatch(/\/med_01\?exp=1800000000$/);
    expect(signatureOf("width=400")).toBeUndefined();
  });

  it("verify with either active key", async () => {
    for (const key of [KEYS.current, KEYS.previous]) {
      await verifyImagePath(PATH, await signatureWith(key), KEYS, NOW);
    }
    await expect(verifyImagePath(PATH, await signatureWith("another"), KEYS, NOW)).rejects.toEqual(refused);
    const retired = { current: KEYS.current };
    await expect(verifyImagePath(PATH, await signatureWith(KEYS.previous), retired, NOW)).rejects.toEqual(
      refused,
    );
  });

  it("fail when anything that they cover is changed", async () => {
    const signature = await signatureWith(KEYS.current);
    for (const changed of [
      { ...PATH, options: "width=401,fit=cover" },
      { ...PATH, mediaId: "med_02" },
      { ...PATH, expiresAt: NOW + 60 },
    ]) {
      await expect(verifyImagePath(changed, signature, KEYS, NOW)).rejects.toEqual(refused);
    }
    for (const forged of ["", "x", signature.slice(1), `${signature}A`, "!".repeat(43), "A".repeat(43)]) {
      await expect(verifyImagePath(PATH, forged, KEYS, NOW)).rejects.toEqual(refused);
    }
  });

  it("expire", async () => {
    const path = { ...PATH, expiresAt: NOW };
    const signature = await signatureWith(KEYS.current, path);
    await verifyImagePath(path, signature, KEYS, NOW - 1);
    await expect(verifyImagePath(path, signature, KEYS, NOW)).rejects.toThrow(/expired/);
  });
});
