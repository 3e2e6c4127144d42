import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { analyzePixels } from "../../src/image/analyze.ts";
import { encodeImage } from "../../src/image/encode.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { resizePixels } from "../../src/image/resize.ts";
import { distanceOf, MAX_DISTANCE } from "../../src/media/likeness.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { detailedPhoto } from "../fixtures/detailed-photo.ts";
import { fileOf, paint } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, problemOf, send } from "../submission/sending.ts";

interface Similar {
  perceptual_hash: string | null;
  is_complete: boolean;
  similar: { distance: number; media: { media_id: string; filename: string } }[];
}

let anna: { Authorization: string };
let berta: { Authorization: string };
const original = detailedPhoto(480, 320, 1);

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  berta = await keyFor("berta");
});
beforeEach(emptyStorage);

async function resized(pixels: Pixels, width: number, height: number, cut = 0): Promise<Pixels> {
  const window = { left: cut, top: cut, width: pixels.width - 2 * cut, height: pixels.height - 2 * cut };
  return await resizePixels(pixels, window, { width, height }, false);
}

/** A job of one small output; its media, once what it taught is written down. */
async function stored(bytes: Uint8Array, name: string, owner = anna): Promise<string> {
  const response = await send(owner, [file(bytes, name), outputs([{ width: 40 }])]);
  const { job_id, media_id } = (await response.json()) as { job_id: string; media_id: string };
  expect((await whenEnded(job_id, owner)).status).toBe("completed");
  return media_id;
}

async function similarTo(mediaId: string, query = "", owner = anna): Promise<Similar> {
  const response = await ask(`/v1/media/${mediaId}/similar${query}`, { headers: owner });
  expect(response.status).toBe(200);
  return await response.json();
}

const namesOf = ({ similar }: Similar) => new Set(similar.map(({ media }) => media.filename));

describe("GET /v1/media/{id}/similar", () => {
  it("finds copies that were resized, encoded anew, cropped a little or brightened, and nothing else", async () => {
    const id = await stored(await fileOf(original, "png"), "original.png");
    const small = await resized(original, 200, 133);
    const cropped = await resized(original, 300, 200, 6);
    const brighter = paint(480, 320, (x, y) => {
      const at = (y * 480 + x) * 4;
      const lift = (channel: number) => Math.min(255, (original.data[at + channel] ?? 0) * 1.15 + 8);
      return [lift(0), lift(1), lift(2), 255];
    });
    const poor = await encodeImage(original, { format: "jpeg", quality: 12 });
    const copies = {
      "small.webp": await fileOf(small, "webp"),
      "cropped.jpg": await fileOf(cropped, "jpeg"),
      "brighter.png": await fileOf(brighter, "png"),
      "poor.jpg": poor,
    };
    for (const [name, bytes] of Object.entries(copies)) await stored(bytes, name);
    for (const seed of [2, 3, 4, 5])
      await stored(await fileOf(detailedPhoto(240, 160, seed), "jpeg"), `other-${seed}.jpg`);
    const found = await similarTo(id);
    expect(namesOf(found)).toEqual(new Set(Object.keys(copies)));
    expect(found).toMatchObject({
      perceptual_hash: expect.stringMatching(/^[0-9a-f]{16}$/),
      is_complete: true,
    });
    const distances = found.similar.map(({ distance }) => distance);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect((await similarTo(id, "?limit=1")).similar).toHaveLength(1);
    expect((await similarTo(id, "?limit=1")).is_complete).toBe(false);
    // All of it was learned by the decodes of the jobs: nobody looked again.
    expect(await rowsOf("derivatives")).toHaveLength(0);
  });

  it("never shows another owner's, nor what is deleted", async () => {
    const bytes = await fileOf(original, "jpeg");
    const mine = await stored(bytes, "mine.jpg");
    const theirs = await stored(bytes, "theirs.jpg", berta);
    const twin = await stored(await fileOf(await resized(original, 240, 160), "png"), "twin.png");
    expect(namesOf(await similarTo(mine))).toEqual(new Set(["twin.png"]));
    expect(namesOf(await similarTo(theirs, "", berta))).toEqual(new Set());
    await problemOf(await ask(`/v1/media/${theirs}/similar`, { headers: anna }), 404, "not_found");
    await ask(`/v1/media/${twin}`, { method: "DELETE", headers: anna });
    expect(namesOf(await similarTo(mine))).toEqual(new Set());
    expect(await rowsOf("media_hashes")).toHaveLength(2);
  });

  it("finds everything within the distance and nothing beyond it, up to the furthest", async () => {
    const id = await stored(await fileOf(original, "png"), "original.png");
    const [row] = await rowsOf<{ hash: string }>("media_hashes");
    const hash = BigInt(`0x${row?.hash}`);
    // Hashes with bits turned that are spread over the bands as badly as they can be.
    for (let distance = 0; distance <= 13; distance++) {
      let other = hash;
      for (let bit = 0; bit < distance; bit++)
        other ^= 1n << BigInt((bit % 4) * 16 + Math.floor(bit / 4) * 5);
      const hex = other.toString(16).padStart(16, "0");
      const bands = [0, 4, 8, 12].map((at) => Number.parseInt(hex.slice(at, at + 4), 16));
      await testEnv.DB.prepare("INSERT INTO media_hashes VALUES (?, 'anna', ?, ?, ?, ?, ?)")
        .bind(`med_${String(distance).padStart(26, "0")}`, hex, ...bands)
        .run();
      await testEnv.DB.prepare(
        "INSERT INTO media (id, owner, kind, type, filename, size_bytes, sha256, object_key, status, version, metadata, created_at) VALUES (?, 'anna', 'image', 'image/png', ?, 1, '', '', 'ready', 1, '{}', 0)",
      )
        .bind(`med_${String(distance).padStart(26, "0")}`, `at-${distance}`)
        .run();
    }
    for (const most of [0, 3, 4, 7, 8, 11]) {
      const { similar } = await similarTo(id, `?max_distance=${most}`);
      expect(similar.map(({ distance }) => distance)).toEqual(Array.from({ length: most + 1 }, (_, n) => n));
    }
    for (const query of ["max_distance=12", "max_distance=-1", "limit=0", "limit=101", "min=1"])
      await problemOf(
        await ask(`/v1/media/${id}/similar?${query}`, { headers: anna }),
        422,
        "invalid_request",
      );
  });

  it("knows that one tone is like nothing, and looks now at what no job has looked at", async () => {
    const flat = async (light: number) =>
      await fileOf(
        paint(64, 64, () => [light, light, light, 255]),
        "png",
      );
    const one = await stored(await flat(200), "one.png");
    const other = await stored(await flat(201), "other.png");
    expect(await similarTo(one)).toMatchObject({ perceptual_hash: null, similar: [] });
    expect(other).not.toBe(one);
    const photo = await stored(await fileOf(original, "jpeg"), "photo.jpg");
    const copy = await stored(await fileOf(await resized(original, 240, 160), "jpeg"), "copy.jpg");
    await testEnv.DB.batch([
      testEnv.DB.prepare("DELETE FROM media_hashes WHERE media_id = ?").bind(photo),
      // As rows were before there were hashes.
      testEnv.DB.prepare("UPDATE image_analyses SET analysis = json_remove(analysis, '$.perceptualHash')"),
    ]);
    const found = await similarTo(photo);
    expect(found.similar.map(({ media }) => media.media_id)).toEqual([copy]);
    expect(await rowsOf("media_hashes")).toHaveLength(4);
  });
});

describe("the perceptual hash", () => {
  it("is some 32 bits from another picture's", async () => {
    const hashes = await Promise.all(
      Array.from({ length: 12 }, async (_, seed) => {
        const small = await resized(detailedPhoto(192, 128, seed), 96, 64);
        return analyzePixels(small).perceptualHash ?? "";
      }),
    );
    const distances = hashes.flatMap((a, i) => hashes.slice(i + 1).map((b) => distanceOf(a, b)));
    expect(Math.min(...distances)).toBeGreaterThan(MAX_DISTANCE);
    expect(distances.reduce((sum, one) => sum + one, 0) / distances.length).toBeGreaterThan(26);
  });

  it("takes pictures of one px, and of any shape", () => {
    for (const [width, height] of [
      [1, 1],
      [96, 1],
      [1, 96],
      [7, 31],
    ] as const)
      expect(analyzePixels(detailedPhoto(width, height, 1)).perceptualHash ?? "0".repeat(16)).toHaveLength(
        16,
      );
  });
});
