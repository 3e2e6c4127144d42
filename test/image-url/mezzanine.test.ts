import { runInDurableObject } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ErrorCode, MediaError } from "../../src/errors.ts";
import { frameOutput } from "../../src/image/framing.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { mezzanineOf, throughMezzanine } from "../../src/image-url/mezzanine.ts";
import { derivedKey } from "../../src/image-url/settings.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import { toImageOutput } from "../../src/image-url/to-output.ts";
import { attemptPrefix } from "../../src/jobs/claimed-task.ts";
import { readPublishedMedia } from "../../src/media/store.ts";
import { prepareMezzanine } from "../../src/processing/prepare-mezzanine.ts";
import type { RenderOrder } from "../../src/processing/render-in-container.ts";
import { createSlot } from "../../src/processing/slot.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf, submit } from "../fixtures/jobs.ts";
import { eventStream, openTranscoder } from "../processing/transcoder-stand-in.ts";
import { file, problemOf, send } from "../submission/sending.ts";

const SECRET = derivedKey(String(testEnv.TOKEN_SECRET));

let key: { Authorization: string };
let mediaId: string;
/** What containers were asked for, by the name of the output. */
let orders: string[];

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(async () => {
  await emptyStorage();
  orders = [];
  const response = await send(key, [file(await fileOf(photo(300, 200), "jpeg"), "photo.jpg", "image/jpeg")]);
  mediaId = ((await response.json()) as { media_id: string }).media_id;
  await learn({ colorModel: "cmyk", components: 4 });
});

/** Has the service take the photo for something that it is not. */
async function learn(learned: Partial<ImageProbe>): Promise<void> {
  const found = await readPublishedMedia(testEnv.DB, mediaId);
  await testEnv.DB.prepare("UPDATE media SET metadata = ? WHERE id = ?")
    .bind(JSON.stringify({ ...found?.metadata, ...learned }), mediaId)
    .run();
}

/** Gives a producer a container of its own, which reads any original as the photo that it is, or fails. */
async function withContainer(
  derivative: string,
  failure?: ErrorCode,
  meanwhile?: () => Promise<void>,
): Promise<void> {
  await runInDurableObject(testEnv.DERIVATIVES.getByName(derivative), (producer) => {
    const inside = producer as unknown as { env: { MEDIA: R2Bucket } };
    const bucket = inside.env.MEDIA;
    const render = async (_slot: string, { media, output, objectKey }: RenderOrder) => {
      orders.push(output.name);
      if (failure) return { code: failure, message: "It cannot be read." };
      const bytes = new Uint8Array((await (await bucket.get(media.objectKey))?.arrayBuffer()) ?? []);
      const probe = probeImage(bytes, bytes.length);
      if (needsMoreBytes(probe)) throw new Error("short");
      const [made] = await renderImage(bytes, probe, [output]);
      if (!made) throw new Error("nothing");
      await bucket.put(objectKey, made.bytes);
      await meanwhile?.();
      const { width, height, type } = made;
      return {
        file: { name: output.name, path: output.name, type, width, height, bytes: made.bytes.length },
      };
    };
    inside.env = { ...inside.env, TRANSCODER: { getByName: () => ({ render }) } } as never;
  });
}

async function image(options: string): Promise<Response> {
  return await ask(await signImagePath({ options, mediaId }, { current: SECRET }));
}

async function shapeOf(response: Response) {
  expect(response.status).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { format, width, height } = probeImage(bytes, bytes.length) as ImageProbe;
  return [format, width, height];
}

describe("an original that the edge cannot read", () => {
  it("is read once by a container, whatever is made of it, by however many at once", async () => {
    await withContainer(`${mediaId}/1/mezzanine`);
    const widths = [20, 30, 40, 50, 60];
    const answers = await Promise.all(widths.map((width) => image(`w=${width},f=webp`)));
    const shapes = await Promise.all(answers.map(shapeOf));
    expect(shapes).toEqual(widths.map((width) => ["webp", width, Math.round((width * 2) / 3)]));
    expect(await shapeOf(await image("w=80,h=80,fit=cover,f=png"))).toEqual(["png", 80, 80]);
    expect(orders).toEqual(["mezzanine"]);
    const rows = (await rowsOf("derivatives")) as { object_key: string; width: number }[];
    expect(rows.find((row) => row.object_key === `derived/${mediaId}/1/mezzanine`)).toMatchObject({
      width: 300,
    });
  });

  it("is not read again for other sizes after it could not be read, but in another version", async () => {
    await withContainer(`${mediaId}/1/mezzanine`, "corrupt_image");
    for (const width of [20, 30, 20]) await problemOf(await image(`w=${width}`), 422, "corrupt_image");
    expect(orders).toEqual(["mezzanine"]);
    await testEnv.DB.prepare("UPDATE media SET version = 2 WHERE id = ?").bind(mediaId).run();
    await withContainer(`${mediaId}/2/mezzanine`);
    expect(await shapeOf(await image("w=20,f=jpeg"))).toEqual(["jpeg", 20, 13]);
    expect(orders).toHaveLength(2);
  });

  it("leaves no mezzanine when its media is deleted", async () => {
    await withContainer(`${mediaId}/1/mezzanine`);
    await shapeOf(await image("w=20"));
    expect(await storedKeys("derived/")).toHaveLength(2);
    expect((await ask(`/v1/media/${mediaId}`, { method: "DELETE", headers: key })).status).toBeLessThan(300);
    expect(await storedKeys("derived/")).toEqual([]);
    expect(await rowsOf("derivatives")).toEqual([]);
  });

  it("is asked itself for what keeps its metadata or its movement", async () => {
    await withContainer(`${mediaId}/1/width=20,fit=scale-down,metadata=copyright.jpg`);
    expect(await shapeOf(await image("w=20,metadata=copyright,f=jpeg"))).toEqual(["jpeg", 20, 13]);
    await learn({ format: "gif", animated: true });
    await withContainer(`${mediaId}/1/width=30,fit=scale-down.webp`);
    expect(await shapeOf(await image("w=30,f=webp"))).toEqual(["webp", 30, 20]);
    expect(orders).toEqual(["image.jpeg", "image.webp"]);
    expect(await storedKeys(`derived/${mediaId}/1/mezzanine`)).toEqual([]);
  });
});

describe("a job whose original the edge cannot read", () => {
  let wasStored = false;

  /** A job that a container does, of a photo that is taken for something that it is not. */
  async function runJob(learned: Partial<ImageProbe>, { removing = false } = {}): Promise<void> {
    const bytes = await fileOf(photo(300, 200), "jpeg");
    const probe = { ...(probeImage(bytes, bytes.length) as ImageProbe), ...learned };
    const spec = { outputs: [{ ...toImageOutput({ width: 20 }, "webp"), name: "small.webp" }], probe };
    const { job, tasks } = await submit({
      createdAtMs: Date.now(),
      media: { metadata: { ...probe }, sizeBytes: bytes.length },
      tasks: [{ lane: "container-short", spec, outputNames: ["small.webp"] }],
    });
    mediaId = job.mediaId;
    await testEnv.MEDIA.put(`media/${mediaId}/original`, bytes);
    await withContainer(`${mediaId}/1/mezzanine`, undefined, async () => {
      wasStored = true;
      if (!removing) return;
      await testEnv.DB.prepare("UPDATE media SET status = 'deleted' WHERE id = ?").bind(mediaId).run();
    });
    const running: Promise<unknown>[] = [];
    const { fetchTranscoder } = openTranscoder(async () => {
      const attempt = { jobId: job.id, taskId: tasks[0]?.id ?? "", attempt: 1 };
      await testEnv.MEDIA.put(`${attemptPrefix(attempt)}small.webp`, "1234");
      const made = { name: "small.webp", path: "small.webp", type: "image/webp", bytes: 4, sha256: "ab" };
      return eventStream([{ type: "done", result: { kind: "files", files: [made], notes: [] } }]);
    });
    const context = { env: testEnv, name: "slot-1", size: "standard", fetchTranscoder } as const;
    const slot = createSlot({ ...context, waitUntil: (work) => running.push(work) });
    expect(await slot.offer("container-short")).toEqual({ answer: "taken" });
    for (let at = 0; at < running.length; at++) await running[at];
    expect(await rowsOf("jobs", `id = '${job.id}'`)).toMatchObject([{ status: "completed" }]);
  }

  it("leaves a mezzanine behind it: its first URLs are made at the edge", async () => {
    await runJob({ colorModel: "cmyk", components: 4 });
    await expect.poll(() => rowsOf("derivatives")).toHaveLength(1);
    const found = await readPublishedMedia(testEnv.DB, mediaId);
    expect(found?.metadata).toMatchObject({ colorModel: "cmyk" });
    // From here on a container is out of reach.
    for (const width of [30, 40]) {
      const answer = await image(`w=${width},f=webp`);
      expect(await shapeOf(answer)).toEqual(["webp", width, Math.round((width * 2) / 3)]);
    }
    expect(orders).toEqual(["mezzanine"]);
  });

  it("has its mezzanine hurried by each who waits for it, as one who asks too early is not heard", async () => {
    const bytes = await fileOf(photo(30, 20), "jpeg");
    await send(key, [file(bytes, "photo.jpg", "image/jpeg")]);
    const [row] = await rowsOf<{ id: string }>("media");
    const media = await readPublishedMedia(testEnv.DB, row?.id ?? "");
    if (!media) throw new Error("the media is not there");
    const objectKey = `derived/${media.id}/1/mezzanine`;
    const hurried: string[] = [];
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    await runInDurableObject(testEnv.DERIVATIVES.getByName(`${media.id}/1/mezzanine`), async (producer) => {
      const inside = producer as unknown as { env: object };
      const render = async () => {
        reached.resolve();
        await released.promise;
        return { code: "corrupt_image", message: "It is damaged." };
      };
      const hurry = (name: string) => void hurried.push(name);
      inside.env = { ...inside.env, TRANSCODER: { getByName: () => ({ render, hurry }) } };
      const order = {
        objectKey,
        media,
        output: mezzanineOf(media.metadata as never).output,
        isMezzanine: true,
      };
      producer.begin({ ...order, isBackground: true });
      await reached.promise;
      const askers = [producer.make(order), producer.make(order)];
      released.resolve();
      expect(await Promise.all(askers)).toMatchObject([{ made: false }, { made: false }]);
    });
    expect(hurried).toEqual([objectKey, objectKey]);
  });

  it("leaves none when the media is deleted while it is made", async () => {
    await runJob({ colorModel: "cmyk", components: 4 }, { removing: true });
    await expect.poll(() => wasStored).toBe(true);
    await expect.poll(() => storedKeys("derived/")).toEqual([]);
    await expect.poll(() => rowsOf("derivatives")).toEqual([]);
  });

  it("leaves none of what the edge reads by itself, of what moves, or where it is not to", async () => {
    await runJob({});
    await runJob({ format: "gif", animated: true, frames: 9 });
    await runJob({ cutShort: "It ends early." });
    const cmyk = { ...(await readPublishedMedia(testEnv.DB, mediaId)), metadata: { colorModel: "cmyk" } };
    await prepareMezzanine({ ...testEnv, IMAGE_URL_MEZZANINE: "request" }, cmyk as never);
    await prepareMezzanine(testEnv, { ...cmyk, kind: "video" } as never);
    expect(orders).toEqual([]);
    expect(await storedKeys("derived/")).toEqual([]);
  });
});

describe("a mezzanine that is smaller than its original", () => {
  const source: ImageProbe = {
    ...mezzanineOf({ width: 9000, height: 7001, orientation: 1, hasAlpha: false } as ImageProbe).probe,
    width: 9000,
    height: 7001,
    colorModel: "cmyk",
    components: 4,
  };
  const mezzanine = mezzanineOf(source);
  const through = (options: Parameters<typeof toImageOutput>[0]) =>
    throughMezzanine(source, mezzanine, toImageOutput(options, "webp"), new Map());

  it("gives every output the size that the original would", () => {
    expect([mezzanine.probe.width, mezzanine.probe.height]).toEqual([4096, 3186]);
    const asked = [
      { width: 333 },
      { height: 999 },
      { width: 1000, height: 1000, fit: "cover" },
      { width: 800, height: 300, fit: "pad" },
      { width: 1234, rotate: 90 },
      { width: 500, height: 500, fit: "squeeze" },
    ] as const;
    for (const options of asked) {
      const wanted = frameOutput(source, toImageOutput(options, "webp")).size;
      const adapted = through(options);
      if (!adapted) throw new MediaError("internal", JSON.stringify(options));
      expect(frameOutput(mezzanine.probe, adapted).size).toEqual(wanted);
    }
  });

  it("is left out where more is asked for than it has, or px of the original are counted", () => {
    expect(through({ width: 3000, height: 4000, fit: "cover" })).toBeUndefined();
    expect(through({ width: 100, trim: { top: 10, right: 0, bottom: 0, left: 0 } } as never)).toBeUndefined();
  });

  it("stands upright, and is as its header will say", () => {
    const lying = mezzanineOf({ ...source, orientation: 6 });
    expect([lying.probe.width, lying.probe.height, lying.probe.orientation]).toEqual([3186, 4096, 1]);
    expect(mezzanineOf({ ...source, hasAlpha: true }).probe).toMatchObject({ format: "png", components: 4 });
  });
});
