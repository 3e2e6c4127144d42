import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import { makeClip } from "../fixtures/video.ts";
import { client, key, url } from "./service.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
];
const QUIET = ["--disable-sync", "--no-first-run", "--autoplay-policy=no-user-gesture-required"];
const dir = mkdtempSync(join(tmpdir(), "darkroom-page-"));
/** The page's own `document`, for the functions that run there: what they use of it. */
declare const document: {
  querySelector: (selector: string) => { currentTime: number; webkitAudioDecodedByteCount: number };
  querySelectorAll: (selector: string) => Iterable<{ naturalWidth: number }>;
};

let browser: Browser;
let page: Page;
let photo: string;
const clip = join(dir, "clip.mp4");
const complaints: string[] = [];
const elsewhere: string[] = [];

beforeAll(async () => {
  photo = await makeSamplePhoto(dir);
  await writeFile(clip, await makeClip({ width: 1280, height: 720, seconds: 8 }));
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [...FLAGS, ...QUIET] });
  page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !address.startsWith("blob:")) elsewhere.push(address);
  });
  await page.goto(url);
});

afterAll(async () => {
  await browser?.close();
  rmSync(dir, { recursive: true, force: true });
});

describe("the page", () => {
  it("opens with a key, by keyboard alone", async () => {
    await page.waitForSelector("#key:focus");
    await page.keyboard.type(key);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#composer .choice");
    expect(await page.textContent(".who")).toContain("Signed in as");
    expect(await page.evaluate("document.cookie")).toBe("");
  });

  it("takes a dropped photo and shows it live, then what came out", async () => {
    await drop(page, photo);
    await page.check("input[value=thumbnail]");
    await page.check("input[value=medium]");
    await page.click("#start");
    await page.waitForSelector(".live .status[data-status=completed]");
    expect(await page.locator(".stages li").count()).toBe(6);
    await page.waitForSelector(".results img");
    const sizes = await page.locator(".results .figures").allTextContents();
    expect(sizes.some((words) => words.startsWith("150 × 150"))).toBe(true);
    expect(sizes.some((words) => words.startsWith("1024 × 768"))).toBe(true);
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".results img")].every((image) => image.naturalWidth > 0),
    );
  });

  it("shows a clip's progress while it runs, and plays the stream with its sound", async () => {
    await page.setInputFiles("#file", clip);
    await page.click("#start");
    await page.waitForSelector('.live:has(h2:text("clip.mp4")) .stages li[data-state=now]');
    await page.waitForSelector(".live progress:not([value='0']):not([value='100'])");
    await page.waitForSelector(".results video");
    await page.evaluate("document.querySelector('video').play()");
    await page.waitForFunction(() => document.querySelector("video").currentTime > 1);
    expect(await page.evaluate("document.querySelector('video').videoHeight")).toBeGreaterThan(0);
    expect(await page.evaluate("document.querySelector('video').muted")).toBe(false);
    await page.waitForFunction(() => document.querySelector("video").webkitAudioDecodedByteCount > 0);
  });

  it("lists recent jobs and opens one again", async () => {
    await page.locator(".recent-job").nth(1).click();
    await page.waitForSelector(".results img");
    expect(await page.locator(".recent-job").count()).toBeGreaterThanOrEqual(2);
  });

  it("offers to try a failed job again, and shows the run that begins", async () => {
    const whole = await readFile(clip);
    const half = join(dir, "half.mp4");
    await writeFile(half, whole.subarray(0, whole.length >> 1));
    await page.setInputFiles("#file", half);
    await page.click("#start");
    await page.waitForSelector('.live:has(h2:text("half.mp4")) .status[data-status=failed]');
    await page.waitForSelector(".live .problem:not(:empty)");
    const jobId = (await page.getAttribute(".live", "data-job")) ?? "";
    expect(await client.getJob(jobId)).toMatchObject({ status: "failed", run: 1 });
    const answered = page.waitForResponse((response) => response.url().endsWith(`/v1/jobs/${jobId}/retry`));
    const before = await page.waitForSelector(".live");
    await page.click('.live button:text("Try again")');
    expect((await answered).status()).toBe(202);
    await before.waitForElementState("hidden");
    await page.waitForSelector(`.live[data-job=${jobId}] .status[data-status=failed]`);
    await page.waitForSelector('.live button:text("Try again"):enabled');
    await page.waitForSelector(".live .problem:not(:empty)");
    expect(await client.getJob(jobId)).toMatchObject({ status: "failed", run: 2 });
  });

  it("has raised no error and asked no other host", () => {
    expect(complaints).toEqual([]);
    expect(elsewhere).toEqual([]);
  });

  it("says what is wrong with a file in the service's own words", async () => {
    const text = join(dir, "notes.jpg");
    await writeFile(text, "this is not a photo");
    await page.setInputFiles("#file", text);
    await page.click("#start");
    await page.waitForSelector("#composer-problem:not([hidden])");
    expect(await page.textContent("#composer-problem")).toMatch(/\w+/);
  });

  it("signs out", async () => {
    await page.click("#sign-out");
    await page.waitForSelector("#key-form");
  });
});

/** Drops a photo as a person does: a DataTransfer that holds it lands on the zone. */
async function drop(on: Page, path: string): Promise<void> {
  const base64 = (await readFile(path)).toString("base64");
  const transfer = await on.evaluateHandle(`(() => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(base64)}), (character) => character.charCodeAt(0));
    const held = new DataTransfer();
    held.items.add(new File([bytes], "dusk.jpg", { type: "image/jpeg" }));
    return held;
  })()`);
  await on.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
  await on.waitForSelector("#chosen:not([hidden])");
}
