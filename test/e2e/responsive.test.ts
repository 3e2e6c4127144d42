import { mkdtempSync, openAsBlob, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDarkroomClient } from "../../src/client/client.ts";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import { key, url } from "./service.ts";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];
/** The page's own `document`, for the function that runs there. */
declare const document: { querySelector: (selector: string) => { currentSrc: string; naturalWidth: number } };

const dir = mkdtempSync(join(tmpdir(), "darkroom-responsive-"));
let browser: Browser;
let mediaId: string;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const client = createDarkroomClient({ baseUrl: url, key });
  const file = await openAsBlob(await makeSamplePhoto(dir));
  mediaId = (await client.createJob({ file, filename: "dusk.jpg", outputs: [{ preset: "thumbnail" }] }))
    .media_id;
});
afterAll(async () => {
  await browser?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** What a browser of a width shows of an `<img srcset>`, and what it was sent. */
async function shownAt(viewport: number, html: string) {
  const page = await browser.newPage({ viewport: { width: viewport, height: 600 } });
  try {
    const sent = page.waitForResponse((response) => response.url().includes("/img/"));
    // A page of the service's own origin, so that its paths are found.
    await page.goto(`${url}/healthz`);
    await page.setContent(html, { waitUntil: "load" });
    const type = (await sent).headers()["content-type"];
    const shown = await page.evaluate(() => {
      const { currentSrc, naturalWidth } = document.querySelector("img");
      return { currentSrc, naturalWidth };
    });
    return { type, ...shown };
  } finally {
    await page.close();
  }
}

it("a browser takes the width and the format that suit it from a srcset", async () => {
  const answer = await fetch(`${url}/v1/media/${mediaId}/srcset?widths=320,640,1280`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  const { html } = (await answer.json()) as { html: string };
  const narrow = await shownAt(300, html);
  expect(narrow.currentSrc).toContain("width=320");
  expect(narrow.type).toMatch(/image\/(webp|avif)/);
  expect((await shownAt(600, html)).currentSrc).toContain("width=640");

  // Naming AVIF waits for the one that the browser's request has begun.
  const named = await fetch(`${url}/img/width=320,format=avif/${mediaId}`);
  expect([named.status, named.headers.get("Content-Type")]).toEqual([200, "image/avif"]);
  await named.arrayBuffer();
  const best = await shownAt(300, html);
  expect(best.type).toBe("image/avif");
  const old = await fetch(narrow.currentSrc, { headers: { Accept: "image/png,image/*;q=0.8" } });
  expect(old.headers.get("Content-Type")).toBe("image/jpeg");
  await old.arrayBuffer();
});
