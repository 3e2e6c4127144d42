import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addressesIn, collectOutputs } from "../../src/local/collect-outputs.ts";
import { makeClip } from "../fixtures/video.ts";
import {
  bytesOf,
  client,
  develop,
  isForwardOnly,
  key,
  outputNames,
  probe,
  url,
  type Watched,
} from "./service.ts";

const dir = mkdtempSync(join(tmpdir(), "darkroom-clip-"));
const SECONDS = 12;
let clip: Buffer<ArrayBuffer>;
let watched: Watched;

beforeAll(async () => {
  clip = Buffer.from(await makeClip({ width: 1280, height: 720, seconds: SECONDS }));
  watched = await develop(clip, "clip.mp4");
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("a clip, sent without saying what to make", () => {
  it("completes with a stream and a thumbnail", () => {
    expect(watched.job).toMatchObject({ status: "completed", kind: "video", error: null });
    expect(outputNames(watched.job)).toEqual(["hls_480_720", "video_thumbnail.jpg"]);
  });

  it("has a stream whose every rendition decodes to the whole clip, from disk", async () => {
    const collected = await collectOutputs(client, watched.job, dir);
    const master = collected.find(({ output }) => output.playback_url)?.path ?? "";
    const { streams, format } = await probe(master);
    expect(
      streams
        .filter(({ codec_type }) => codec_type === "video")
        .map(({ height }) => Number(height))
        .sort((a, b) => a - b),
    ).toEqual([480, 720]);
    expect(streams.some(({ codec_name }) => codec_name === "aac")).toBe(true);
    expect(Math.abs(Number(format.duration) - SECONDS)).toBeLessThan(0.2);
  });

  it("has a thumbnail of its first second", async () => {
    const thumbnail = await bytesOf(`/outputs/${watched.job.job_id}/video_thumbnail.jpg`);
    expect(await sharp(thumbnail).metadata()).toMatchObject({ format: "jpeg", width: 640, height: 360 });
  });

  it("shows progress that only goes forward, more than once on the way", () => {
    expect(isForwardOnly(watched.seen)).toBe(true);
    expect(new Set(watched.seen.map(({ progress_percentage }) => progress_percentage)).size).toBeGreaterThan(
      4,
    );
    expect(watched.seen.at(-1)).toMatchObject({ status: "completed", progress_percentage: 100 });
  });

  it("plays with nothing but the watch token, segments and all", async () => {
    const master = new URL(`/play/${watched.job.job_id}/master.m3u8?token=${watched.token}`, url);
    expect((await fetch(new URL(master.pathname, url))).status).toBe(401);
    const waiting = [master];
    let files = 0;
    for (let address = waiting.pop(); address; address = waiting.pop()) {
      const response = await fetch(address);
      expect(response.status, address.pathname).toBe(200);
      const text = await response.text();
      files += 1;
      if (address.pathname.endsWith(".m3u8")) waiting.push(...addressesIn(text, address));
    }
    expect(files).toBeGreaterThanOrEqual(4 + 3 * 3);
  });
});

it("tells the same story over server-sent events, to someone with only a watch token", async () => {
  const accepted = await client.createJob({
    file: new Blob([clip]),
    filename: "clip.mp4",
    outputs: [{ preset: "mobile_video" }],
  });
  const response = await fetch(`${url}/v1/jobs/${accepted.job_id}/events?token=${accepted.watch_token}`, {
    signal: AbortSignal.timeout(100_000),
  });
  expect(response.headers.get("Content-Type")).toContain("text/event-stream");
  const events = (await response.text()).split("\n\n").flatMap(eventIn);
  expect(events[0]?.name).toBe("snapshot");
  expect(events.at(-1)?.name).toBe("end");
  const figures = events.flatMap(({ data }) => data.progress_percentage ?? []);
  expect(figures).toEqual([...figures].sort((a, b) => a - b));
  expect(events.at(-1)?.data).toMatchObject({ status: "completed", progress_percentage: 100 });
  const job = await client.getJob(accepted.job_id);
  const film = await fetch(new URL(job.outputs[0]?.url ?? "", url), {
    headers: { Authorization: `Bearer ${key}` },
  });
  expect(film.headers.get("Content-Type")).toBe("video/mp4");
});

it("fails in words when there is nothing in it to see", async () => {
  const sound = Buffer.from(await makeClip({ picture: false }));
  const { job } = await develop(sound, "sound.mp4");
  expect(job).toMatchObject({
    status: "failed",
    error: { code: "no_video_stream", retry_eligible: false },
    outputs: [],
  });
  expect(job.error?.suggested_action).toMatch(/^Send a file with a video stream/);
});

interface ServerSentEvent {
  name: string;
  data: { progress_percentage?: number; status?: string };
}

function eventIn(block: string): ServerSentEvent[] {
  const name = /^event: ?(.+)$/m.exec(block)?.[1];
  const data = /^data: ?(.+)$/m.exec(block)?.[1];
  return name && data ? [{ name, data: JSON.parse(data) }] : [];
}
