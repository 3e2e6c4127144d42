import { runInDurableObject } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ErrorCode, MediaError } from "../../src/errors.ts";
import { type ImageProbe, probeImage } from "../../src/image/probe.ts";
import { derivedKey } from "../../src/image-url/settings.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import type { RenderOrder } from "../../src/processing/render-in-container.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { concat, fileOf, photo } from "../fixtures/images.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, problemOf, send } from "../submission/sending.ts";

const SECRET = derivedKey(String(testEnv.TOKEN_SECRET));

let key: { Authorization: string };
let mediaId: string;
/** What containers were asked for. */
let orders: RenderOrder[];

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
/** A photo whose stored file has a table of codes that makes no sense. */
beforeEach(async () => {
  await emptyStorage();
  orders = [];
  const whole = await fileOf(photo(90, 60), "jpeg");
  const response = await send(key, [file(whole, "photo.jpg", "image/jpeg")]);
  const accepted = (await response.json()) as { media_id: string; job_id: string };
  mediaId = accepted.media_id;
  // Its own job reads the file while that is whole.
  await whenEnded(accepted.job_id, key);
  const at = whole.findIndex((byte, index) => byte === 0xff && whole[index + 1] === 0xc4);
  const spoilt = concat(whole.subarray(0, at + 5), [255], whole.subarray(at + 6));
  await testEnv.MEDIA.put(`media/${mediaId}/original`, spoilt);
});

/** Gives a producer a container that reads what the edge does not, or fails. */
async function withContainer(derivative: string, failure?: ErrorCode): Promise<void> {
  const readable = await fileOf(photo(90, 60), "jpeg");
  await runInDurableObject(testEnv.DERIVATIVES.getByName(derivative), (producer) => {
    const inside = producer as unknown as { env: { MEDIA: R2Bucket } };
    const bucket = inside.env.MEDIA;
    const render = async (_slot: string, order: RenderOrder) => {
      orders.push(order);
      if (failure === "transcoder_unavailable") throw new MediaError(failure, "No container answers.");
      if (failure) return { code: failure, message: "The image is damaged or incomplete." };
      await bucket.put(order.objectKey, readable);
      const { name } = order.output;
      const made = { width: 90, height: 60, bytes: readable.length, type: "image/jpeg" };
      return { file: { name, path: name, ...made } };
    };
    inside.env = { ...inside.env, TRANSCODER: { getByName: () => ({ render }) } } as never;
  });
}

async function image(options: string): Promise<Response> {
  return await ask(await signImagePath({ options, mediaId }, { current: SECRET }));
}

async function widthOf(response: Response): Promise<number> {
  expect(response.status).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return (probeImage(bytes, bytes.length) as ImageProbe).width;
}

describe("an original that the edge refuses", () => {
  it("is read by a container once, and every size made of that", async () => {
    await withContainer(`${mediaId}/1/mezzanine`);
    const widths = [20, 30, 40];
    const answers = await Promise.all(widths.map((width) => image(`w=${width},f=jpeg`)));
    expect(await Promise.all(answers.map(widthOf))).toEqual(widths);
    expect(await widthOf(await image("w=50,f=webp"))).toBe(50);
    expect(orders).toMatchObject([{ isDoubted: true, output: { name: "mezzanine" } }]);
  });

  it("is damaged when the container refuses it as well, and is not taken there again for another size", async () => {
    await withContainer(`${mediaId}/1/mezzanine`, "corrupt_image");
    for (const width of [20, 30, 20, 40]) {
      const { detail } = await problemOf(await image(`w=${width}`), 422, "corrupt_image");
      expect(detail).toBe(
        "The JPEG cannot be decoded: a table is missing or makes no sense. A second decoder could not read it either.",
      );
    }
    expect(orders).toHaveLength(1);
  });

  it("is not called damaged while no container answers, and is asked for again then", async () => {
    await withContainer(`${mediaId}/1/mezzanine`, "transcoder_unavailable");
    await problemOf(await image("w=20"), 503, "transcoder_unavailable");
    await withContainer(`${mediaId}/1/mezzanine`);
    expect(await widthOf(await image("w=20"))).toBe(20);
  });

  it("is asked itself for what keeps its metadata", async () => {
    await withContainer(`${mediaId}/1/width=20,fit=scale-down,metadata=copyright.jpg`);
    await image("w=20,metadata=copyright,f=jpeg");
    expect(orders).toMatchObject([{ isDoubted: true, output: { width: 20 } }]);
  });
});
