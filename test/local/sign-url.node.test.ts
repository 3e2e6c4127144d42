import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { verifyImagePath } from "../../src/image-url/signature.ts";

const run = promisify(execFile);
const KEY = "a-key-of-sixteen-or-more";
const MEDIA = `med_${"0".repeat(26)}`;

async function sign(args: string[], key = KEY) {
  return await run(process.execPath, ["src/local/sign-url.ts", ...args], {
    env: { ...process.env, IMAGE_URL_KEY: key },
  });
}

it("signs an image URL that the service takes, and says how when it is asked wrongly", async () => {
  const { stdout } = await sign([
    MEDIA,
    "w=400,f=auto",
    "--origin",
    "https://m.example",
    "--expires-in",
    "60",
  ]);
  const url = new URL(stdout.trim());
  const [, mount, signed = "", options = "", mediaId = ""] = url.pathname.split("/");
  expect([url.origin, mount, options, mediaId]).toEqual(["https://m.example", "img", "w=400,f=auto", MEDIA]);
  const expiresAt = Number(url.searchParams.get("exp"));
  const now = Date.now() / 1000;
  expect(Math.abs(expiresAt - now - 60)).toBeLessThan(30);
  await verifyImagePath({ options, mediaId, expiresAt }, signed.slice(3), { current: KEY }, now);
  for (const [args, key] of [
    [[MEDIA], KEY],
    [[MEDIA, "w=1", "--expires-in", "soon"], KEY],
    [[MEDIA, "w=1"], ""],
  ] as const) {
    const failed = await sign([...args], key).catch((thrown: unknown) => thrown);
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining("IMAGE_URL_KEY") });
  }
});
