import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { createDarkroomClient } from "../../src/client/client.ts";
import { fromSources, makeClip, withWords } from "../fixtures/video.ts";
import { type DevServer, startDev, tailOfLogs } from "./dev-server.ts";

/** Six segments, and a frame that is too little for a seventh. */
const SECONDS = 12 + 1 / 30;
const WORDS =
  "1\n00:00:01,000 --> 00:00:06,500\nWhat is <i>said</i> & <script>done</script>\n\n2\n00:00:08,000 --> 00:00:11,000\nIn the end\n";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"];
/** Longest stretch without a picture that nobody sees, seconds: one frame. */
const FRAME_SECONDS = 1001 / 30_000;
const stateDir = mkdtempSync(join(tmpdir(), "darkroom-players-"));
let server: DevServer;
let browser: Browser;
let manifests: Record<"hls" | "dash" | "locked" | "talk" | "talkDash", string>;

/** One stream in three chunks, which both players then play with nothing but a watch token. */
beforeAll(async () => {
  server = await startDev(stateDir, ["--var", "CHUNK_SECONDS=4"]);
  const client = createDarkroomClient({ baseUrl: server.url, key: server.key });
  const film = await makeClip({ width: 426, height: 240, seconds: SECONDS, rate: "30000/1001" });
  const clip = await withWords(film, [{ srt: WORDS, language: "eng", codec: "mov_text" }], "mp4");
  const accepted = await client.createJob({
    file: new Blob([Buffer.from(clip)]),
    filename: "clip.mp4",
    outputs: [{ preset: "adaptive", variants: [144, 240], segment_duration: 2 }],
  });
  const job = await client.watchJob(accepted.job_id, {
    token: accepted.watch_token,
    signal: AbortSignal.timeout(110_000),
  });
  const [output] = job.outputs;
  const secret = await client.createRemoteJob({
    mediaId: accepted.media_id,
    outputs: [
      {
        format: "hls",
        variants: [144, 240],
        segment_duration: 2,
        encryption: { method: "aes-128", rotate_every: 2 },
      },
    ],
  });
  const { outputs } = await client.watchJob(secret.job_id, {
    token: secret.watch_token,
    signal: AbortSignal.timeout(110_000),
  });
  const talk = await client.createJob({
    file: new Blob([Buffer.from(await talkInTwoLanguages())]),
    filename: "talk.mka",
    outputs: [{ preset: "adaptive", segment_duration: 2 }],
  });
  const heard = await client.watchJob(talk.job_id, {
    token: talk.watch_token,
    signal: AbortSignal.timeout(110_000),
  });
  expect(heard).toMatchObject({ status: "completed", error: null });
  const urlOf = (path = "", token = accepted.watch_token) =>
    `${new URL(path, server.url).href}?token=${token}`;
  const lockedUrl = `${new URL(outputs[0]?.playback_url ?? "", server.url).href}?token=${secret.watch_token}`;
  manifests = {
    ...{ hls: urlOf(output?.playback_url), dash: urlOf(output?.dash_url), locked: lockedUrl },
    talk: urlOf(heard.outputs[0]?.playback_url, talk.watch_token),
    talkDash: urlOf(heard.outputs[0]?.dash_url, talk.watch_token),
  };
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await server.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

/** Sound alone: five seconds, twice. */
function talkInTwoLanguages(): Promise<Buffer> {
  const sines = [
    "sine=440:duration=5:sample_rate=48000[out0]",
    "sine=880:duration=5:sample_rate=48000[out1]",
  ];
  const languages = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"];
  return fromSources(sines, ["-map", "0:a:0", "-map", "0:a:1", ...languages, "-c:a", "flac"], "mka");
}

/** Scripts that run in the page. `player` is what the player's own script leaves there. */
const HLS = {
  script: "node_modules/hls.js/dist/hls.min.js",
  load: (url: string) => `new Promise((resolve) => {
    window.errors = [];
    window.player = new Hls();
    // A request that the player gives up itself when it is told to switch is no failure.
    player.on(Hls.Events.ERROR, (_, data) => data.details === "aborted" || errors.push(data.details));
    player.on(Hls.Events.MANIFEST_PARSED, resolve);
    player.loadSource(${JSON.stringify(url)});
    player.attachMedia(document.querySelector("video"));
  }).then(() => player.levels.length)`,
  pick: (level: number) => `player.nextLevel = ${level}`,
  words: `(async () => {
    player.subtitleDisplay = true;
    player.subtitleTrack = 0;
    return await wordsOf();
  })()`,
};

const DASH = {
  script: "node_modules/shaka-player/dist/shaka-player.compiled.js",
  load: (url: string) => `(async () => {
    window.errors = [];
    window.player = new shaka.Player();
    await player.attach(document.querySelector("video"));
    player.addEventListener("error", (event) => errors.push(String(event.detail?.code)));
    player.configure({ abr: { enabled: false } });
    await player.load(${JSON.stringify(url)});
    return player.getVariantTracks().length;
  })()`,
  pick: (level: number) => `(() => {
    const tracks = player.getVariantTracks().sort((a, b) => a.height - b.height);
    player.selectVariantTrack(tracks[${level}], true);
  })()`,
  words: `(async () => {
    player.selectTextTrack(player.getTextTracks()[0]);
    return await wordsOf();
  })()`,
};

describe.each([
  ["hls.js", HLS, "hls"],
  ["hls.js, encrypted under keys that change", HLS, "locked"],
  ["shaka-player", DASH, "dash"],
] as const)("in %s", (_, player, manifest) => {
  it("a stream in chunks plays through, switches, seeks, and never skips a frame", async () => {
    onTestFailed(() => console.error(tailOfLogs(stateDir)));
    const { page, complaints } = await blankPage(player.script);
    expect(await page.evaluate(player.load(manifests[manifest]))).toBe(2);
    await page.evaluate(player.pick(0));
    await page.evaluate("document.querySelector('video').play()");
    await page.waitForFunction("document.querySelector('video').currentTime > 2.5");
    await page.evaluate(player.pick(1));
    await page.waitForFunction("document.querySelector('video').videoHeight === 240");
    await page.waitForFunction("document.querySelector('video').ended");
    const end = (await page.evaluate("document.querySelector('video').currentTime")) as number;
    expect(Math.abs(end - SECONDS)).toBeLessThan(0.1);
    expect(longestGap((await page.evaluate(BUFFERED)) as [number, number][])).toBeLessThan(FRAME_SECONDS);
    await page.evaluate("document.querySelector('video').currentTime = 3.9");
    await page.evaluate("document.querySelector('video').play()");
    await page.waitForFunction("document.querySelector('video').currentTime > 4.5");
    // How a player keeps markup is its own affair.
    expect(await page.evaluate(player.words)).toEqual([
      [1, expect.stringContaining("What is ")],
      [8, "In the end"],
    ]);
    expect(await page.evaluate("errors")).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  }, 120_000);
});

describe.each([
  ["hls.js", HLS, "talk", 1],
  ["shaka-player", DASH, "talkDash", 2],
  ["shaka-player, from HLS", DASH, "talk", 2],
] as const)("sound alone, in %s", (_, player, manifest, choices) => {
  it("plays through and seeks without a gap", async () => {
    onTestFailed(() => console.error(tailOfLogs(stateDir)));
    const { page, complaints } = await blankPage(player.script);
    expect(await page.evaluate(player.load(manifests[manifest]))).toBe(choices);
    await page.evaluate("document.querySelector('video').play()");
    await page.waitForFunction("document.querySelector('video').ended");
    const end = (await page.evaluate("document.querySelector('video').currentTime")) as number;
    expect(Math.abs(end - 5)).toBeLessThan(0.1);
    expect(longestGap((await page.evaluate(BUFFERED)) as [number, number][])).toBeLessThan(FRAME_SECONDS);
    await page.evaluate("document.querySelector('video').currentTime = 2.9");
    await page.evaluate("document.querySelector('video').play()");
    await page.waitForFunction("document.querySelector('video').currentTime > 3.5");
    expect(await page.evaluate("errors")).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  }, 120_000);
});

/** Left in the page: what the video's text tracks hold, as soon as they hold two cues. */
const WORDS_OF = `window.wordsOf = async () => {
  const cues = () => [...document.querySelector("video").textTracks].flatMap((track) => [...(track.cues ?? [])]);
  for (let tries = 0; cues().length < 2 && tries < 200; tries++) await new Promise(requestAnimationFrame);
  return cues().map(({ startTime, text }) => [startTime, text]);
}`;

const BUFFERED = `(() => {
  const { buffered } = document.querySelector("video");
  return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
})()`;

/** Between what is buffered; what a player has let go at the front is no gap. */
function longestGap(ranges: [number, number][]): number {
  return Math.max(0, ...ranges.slice(1).map(([start], i) => start - (ranges[i]?.[1] ?? 0)));
}

/** A page of the service's own origin with one video and one player on it. */
async function blankPage(script: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const html = "<!doctype html><link rel=icon href=data:,><video muted></video>";
  await page.route("**/blank.html", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${server.url}/blank.html`);
  await page.addScriptTag({ content: await readFile(script, "utf8") });
  await page.evaluate(WORDS_OF);
  return { page, complaints };
}
