import { mkdtempSync, openAsBlob, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { transformUrl } from "unpic";
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
    const sent = page.waitForResponse((response) => /\/img\/|\/cdn-cgi\/image\//.test(response.url()));
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

/** A page's `<picture>` as unpic writes its URLs: a `srcset` by width and what old browsers take. */
function pictureByUnpic(source: string): string {
  const at = (width: number) => {
    const request = { url: `${url}/${source}`, provider: "cloudflare", width, height: width / 2 } as const;
    return transformUrl(request, {}, { cloudflare: { domain: new URL(url).host } })
      ?.toString()
      .replace(/^https:/, "http:");
  };
  const srcset = [200, 400, 800].map((width) => `${at(width)} ${width}w`).join(", ");
  return `<picture><source srcset="${srcset}" sizes="100vw"><img src="${at(200)}" alt=""></picture>`;
}

it("a browser shows a <picture> of URLs that unpic writes, each client in its format", async () => {
  const html = pictureByUnpic(mediaId);
  const first = await shownAt(190, html);
  expect(first.currentSrc).toContain("/cdn-cgi/image/");
  expect([first.type, first.naturalWidth > 0]).toEqual([expect.stringMatching(/image\/(webp|avif)/), true]);
  const wide = await shownAt(390, html);
  expect(wide.currentSrc).toMatch(/width=400|w=400/);
  expect(wide.currentSrc).not.toBe(first.currentSrc);

  const named = await fetch(first.currentSrc.replace(/(f|format)=auto/, "f=avif"));
  expect([named.status, named.headers.get("Content-Type")]).toEqual([200, "image/avif"]);
  await named.arrayBuffer();
  expect((await shownAt(190, html)).type).toBe("image/avif");
  const byAccept: Record<string, string> = {
    "image/avif,image/webp,*/*": "image/avif",
    "image/webp,*/*": "image/webp",
    "image/png,image/*;q=0.8": "image/jpeg",
    "*/*": "image/jpeg",
  };
  for (const [Accept, type] of Object.entries(byAccept)) {
    const answer = await fetch(first.currentSrc, { headers: { Accept } });
    expect([Accept, answer.headers.get("Content-Type")]).toEqual([Accept, type]);
    expect(answer.headers.get("Vary")).toContain("Accept");
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0);
  }
});
