import { expect, it } from "vitest";
import { seal, unseal } from "../../src/shipping/seal.ts";

const SECRET = "a-deployment-secret-of-some-length";

it("opens what it sealed, differently each time, and shows nothing of it", async () => {
  const [one, two] = await Promise.all([
    seal(SECRET, "dst_1", "open sesame"),
    seal(SECRET, "dst_1", "open sesame"),
  ]);
  expect(one).not.toBe(two);
  expect(atob(one)).not.toContain("sesame");
  expect(await unseal(SECRET, "dst_1", one)).toBe("open sesame");
});

it("does not open for another destination, under another secret, or after a change of any byte", async () => {
  const sealed = await seal(SECRET, "dst_1", "open sesame");
  expect(await unseal(SECRET, "dst_2", sealed)).toBeUndefined();
  expect(await unseal(`${SECRET}!`, "dst_1", sealed)).toBeUndefined();
  const bytes = Uint8Array.from(atob(sealed), (letter) => letter.charCodeAt(0));
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(await unseal(SECRET, "dst_1", btoa(String.fromCharCode(...changed)))).toBeUndefined();
  }
});
