import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { DarkroomProblem } from "../../src/client/problem.ts";
import type { Job } from "../../src/client/resources.ts";
import { BROKEN, type Broken } from "./corpus/broken.ts";
import { FLASH_SECONDS } from "./corpus/encode.ts";
import { FILMS, type Film } from "./corpus/films.ts";
import { type Inspection, inspect, inspectSound } from "./corpus/inspect.ts";
import { SOUNDS, type Sound } from "./corpus/sounds.ts";
import { bytesOf, develop, key, probe, url } from "./service.ts";

/** Jobs on their way at a time: enough that no slot waits for the next. */
const AT_ONCE = 6;
/** `tail` of an MP4's sound: an AAC frame, and what resampling adds. */
const SOUND_SLACK_SECONDS = 0.06;

const OUTPUTS = [
  { format: "mp4", name: "film.mp4", crf: 30, encoder_preset: "ultrafast", audio_bitrate: 64 },
  { format: "png", name: "still.png", thumbnails: { at: [FLASH_SECONDS.from + 0.05] } },
];

/** Runs what is given in order, some at a time; each result can be waited for. */
function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Map<T, Promise<R>> {
  const turns = Array.from({ length: AT_ONCE }, () => Promise.resolve<unknown>(undefined));
  return new Map(
    items.map((item, i) => {
      const result = (turns[i % AT_ONCE] ?? Promise.resolve()).then(() => work(item));
      turns[i % AT_ONCE] = result.catch(() => undefined);
      return [item, result];
    }),
  );
}

async function developFilm(film: Film) {
  const { job } = await develop(Buffer.from(await film.make()), film.file, OUTPUTS);
  const made = job.status === "completed" ? await inspect(await bytesOf(pathOf(job, "film.mp4"))) : undefined;
  return { job, made };
}

async function developBroken(broken: Broken) {
  return await develop(Buffer.from(await broken.make()), broken.file, OUTPUTS.slice(0, 1));
}

function pathOf(job: Job, name: string): string {
  return `/outputs/${job.job_id}/${name}`;
}

async function learnedOf(job: Job): Promise<unknown> {
  const response = await fetch(new URL(`/v1/jobs/${job.job_id}/metadata`, url), {
    headers: { Authorization: `Bearer ${key}` },
  });
  return ((await response.json()) as { input: { metadata: unknown } }).input.metadata;
}

function expectPicture(film: Film, { video, frames, seconds, flashSeconds }: Inspection): void {
  const { width = 96, height = 64, rate = 25, slack = 1.01 / rate } = film;
  const expected = "frames" in film ? film.frames : Math.round((film.seconds ?? 1) * rate);
  expect({ width: video.width, height: video.height }).toEqual({ width, height });
  expect(video.side_data_list?.some(({ rotation }) => rotation) ?? false).toBe(false);
  expect(video.sample_aspect_ratio ?? "1:1").toBe("1:1");
  expect(video.field_order ?? "progressive").toBe("progressive");
  expect(video.pix_fmt).toBe("yuv420p");
  expect(Math.abs(seconds - (film.seconds ?? 1))).toBeLessThan(slack);
  if (expected !== undefined) expect(frames).toBe(expected);
  const expectedFlash = film.flashSeconds === undefined ? FLASH_SECONDS.from : film.flashSeconds;
  if (expectedFlash === null) return;
  expect(Math.abs((flashSeconds ?? 99) - expectedFlash)).toBeLessThan(slack);
}

function expectSound(film: Film, { audio, flashSeconds, toneSeconds, video }: Inspection): void {
  expect(audio !== undefined).toBe(film.sound !== false);
  if (!audio) return;
  expect(Math.abs(Number(audio.start_time) - Number(video.start_time))).toBeLessThan(SOUND_SLACK_SECONDS);
  expect(Math.abs((toneSeconds ?? 99) - (flashSeconds ?? 0))).toBeLessThan(1.01 / (film.rate ?? 25));
}

describe("every film", () => {
  let developed: Map<Film, ReturnType<typeof developFilm>>;
  beforeAll(() => {
    developed = inTurns(FILMS, developFilm);
  });

  it.each(FILMS)("$file comes out as an MP4 of its size, length, frames and sound", async (film) => {
    const result = await developed.get(film);
    expect(result?.job, JSON.stringify(result?.job.error)).toMatchObject({ status: "completed" });
    const made = result?.made as Inspection;
    expectPicture(film, made);
    expectSound(film, made);
    if (film.learned) expect(await learnedOf(result?.job as Job)).toMatchObject(film.learned);
    if (/hdr|hlg/.test(film.file)) {
      expect(made.video).toMatchObject({
        color_transfer: "bt709",
        color_primaries: "bt709",
        color_space: "bt709",
      });
    }
    const still = await sharp(await bytesOf(pathOf(result?.job as Job, "still.png"))).metadata();
    expect({ width: still.width, height: still.height }).toMatchObject({
      width: film.still?.width ?? film.width ?? 96,
      height: film.still?.height ?? film.height ?? 64,
    });
  });
});

describe("every sound", () => {
  const outputs = [{ format: "m4a", name: "sound.m4a" }];
  let developed: Map<Sound, ReturnType<typeof develop>>;
  beforeAll(() => {
    developed = inTurns(SOUNDS, async ({ file, make }) => develop(Buffer.from(await make()), file, outputs));
  });

  it.each(SOUNDS)("$file comes out as long as it is, with its tone in its place", async (sound) => {
    const { job } = (await developed.get(sound)) as Awaited<ReturnType<typeof develop>>;
    expect(job, JSON.stringify(job.error)).toMatchObject({ status: "completed" });
    const { seconds, toneSeconds } = await inspectSound(await bytesOf(pathOf(job, "sound.m4a")));
    expect(Math.abs(seconds - 1)).toBeLessThan(SOUND_SLACK_SECONDS);
    expect(Math.abs((toneSeconds ?? 99) - FLASH_SECONDS.from)).toBeLessThan(0.04);
    expect(await learnedOf(job)).toMatchObject({ audio: [{ codec: sound.codec }] });
  });
});

/** Films that are awkward to cut: turned, without a steady rate, without sound, late, in one group of frames. */
const STREAMED = ["rotated-90.mp4", "variable-rate.mkv", "silent.mp4", "late-start.ts", "one-gop.mp4"];

describe("awkward films as streams", () => {
  const films = FILMS.filter(({ file }) => STREAMED.includes(file));
  const outputs = [{ format: "adaptive", name: "stream", variants: [144], segment_duration: 2 }];
  let developed: Map<Film, ReturnType<typeof develop>>;
  beforeAll(() => {
    developed = inTurns(films, async ({ file, make }) => develop(Buffer.from(await make()), file, outputs));
  });

  it.each(films)("$file plays as long as it is, upright", async (film) => {
    const { job, token } = (await developed.get(film)) as Awaited<ReturnType<typeof develop>>;
    expect(job, JSON.stringify(job.error)).toMatchObject({ status: "completed" });
    const { streams, format } = await probe(
      `${url}/play/${job.job_id}/master.m3u8?token=${encodeURIComponent(token)}`,
    );
    const video = streams.find(({ codec_type }) => codec_type === "video");
    expect(video).toMatchObject({ width: film.width ?? 96, height: film.height ?? 64 });
    expect(streams.some(({ codec_type }) => codec_type === "audio")).toBe(film.sound !== false);
    expect(Math.abs(Number(format.duration) - (film.seconds ?? 1))).toBeLessThan(0.2);
  });
});

describe("every broken file", () => {
  let developed: Map<Broken, ReturnType<typeof developBroken>>;
  beforeAll(() => {
    developed = inTurns(BROKEN, developBroken);
  });

  it.each(BROKEN)("$file is told what is wrong with it", async (broken) => {
    const ended = await developed.get(broken)?.catch((error: unknown) => error);
    if (broken.refusal) {
      expect(ended).toBeInstanceOf(DarkroomProblem);
      return expect(ended).toMatchObject(broken.refusal);
    }
    const { job } = ended as Awaited<ReturnType<typeof developBroken>>;
    expect(job).toMatchObject({ status: "failed", outputs: [], error: { retry_eligible: false } });
    expect(job.error?.class).toBe(broken.failure?.class);
    expect(job.error?.code).toMatch(broken.failure?.code ?? /^$/);
    expect(job.error?.suggested_action).toMatch(/\.$/);
  });
});

/** A folder of films of one's own: each completes, or fails for a reason that lies in it. */
const folder = process.env.DARKROOM_CORPUS_DIR;
describe.skipIf(!folder)("every file of DARKROOM_CORPUS_DIR", () => {
  const files = folder ? readdirSync(folder).filter((name) => /\.\w+$/.test(name)) : [];
  let developed: Map<string, ReturnType<typeof develop>>;
  beforeAll(() => {
    developed = inTurns(files, (name) => develop(readFileSync(join(folder ?? "", name)), name, OUTPUTS));
  });

  it.each(files)("%s completes with a film as long as it, or says what is wrong with it", async (name) => {
    const { job } = (await developed.get(name)) as Awaited<ReturnType<typeof develop>>;
    if (job.status === "failed") return expect(job.error?.class).toBe("input");
    expect(job.status).toBe("completed");
    const { seconds, video } = await inspect(await bytesOf(pathOf(job, "film.mp4")));
    const learned = (await learnedOf(job)) as {
      video: { duration_seconds?: number; width: number };
      duration_seconds: number;
    };
    const { video: picture, duration_seconds: whole } = learned;
    expect(Math.abs(seconds - (picture.duration_seconds ?? whole))).toBeLessThan(0.15);
    expect(Math.abs(video.width - learned.video.width)).toBeLessThanOrEqual(1);
  });
});
