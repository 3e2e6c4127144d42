import { thumbHashToAverageRGBA } from "thumbhash";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { technicalExif } from "../../src/image/analyze/exif-fields.ts";
import { probeImage } from "../../src/image/probe.ts";
import { derivedKey } from "../../src/image-url/settings.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import {
  ascii,
  concat,
  disc,
  fileOf,
  paint,
  photo,
  segment,
  uint32,
  withSegments,
} from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { file, problemOf, send } from "../submission/sending.ts";

let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

async function upload(bytes: Uint8Array, owner = key): Promise<string> {
  const response = await send(owner, [file(bytes, "photo.jpg", "image/jpeg")]);
  return ((await response.json()) as { media_id: string }).media_id;
}

async function json(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  const response = await ask(path, init);
  expect(response.status).toBe(200);
  return await response.json();
}

/** An EXIF block as a camera writes it, with where and when and by whom. */
function cameraExif(): Uint8Array<ArrayBuffer> {
  const text = (tag: number, at: number, words: string) => [
    tag >> 8,
    tag & 255,
    0,
    2,
    ...uint32(words.length + 1),
    ...uint32(at),
  ];
  const values = ["Darkcam", "Model One", "Anna", "2026:01:02 03:04:05"];
  const directory = 8;
  const entries = 6;
  const data = directory + 2 + entries * 12 + 4;
  const offsets = values.map(
    (_, index) => data + values.slice(0, index).reduce((sum, value) => sum + value.length + 1, 0),
  );
  const nested = data + values.reduce((sum, value) => sum + value.length + 1, 0);
  return concat(
    ascii("MM\0*"),
    uint32(directory),
    [0, entries],
    text(0x010f, offsets[0] ?? 0, "Darkcam"),
    text(0x0110, offsets[1] ?? 0, "Model One"),
    text(0x013b, offsets[2] ?? 0, "Anna"),
    text(0x0132, offsets[3] ?? 0, "2026:01:02 03:04:05"),
    [0x87, 0x69, 0, 4, ...uint32(1), ...uint32(nested)],
    [0x88, 0x25, 0, 4, ...uint32(1), ...uint32(nested)],
    uint32(0),
    ...values.map((value) => ascii(`${value}\0`)),
    [0, 2],
    [0x82, 0x9d, 0, 5, ...uint32(1), ...uint32(nested + 30)],
    [0x88, 0x27, 0, 3, ...uint32(1), 0x03, 0x20, 0, 0],
    uint32(0),
    uint32(28),
    uint32(10),
  );
}

describe("metadata", () => {
  const marked = async () => {
    const jpeg = await fileOf(photo(60, 40), "jpeg");
    const exif = concat(ascii("Exif\0\0"), cameraExif());
    return await upload(withSegments(jpeg, segment(0xe1, exif)));
  };
  const textOf = async (response: Response) => {
    expect(response.status).toBe(200);
    return Array.from(new Uint8Array(await response.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(
      "",
    );
  };

  it("leaves with everything but what is named", async () => {
    const mediaId = await marked();
    for (const options of ["f=jpeg", "f=jpeg,metadata=none", "f=webp,metadata=copyright", "f=png"])
      expect(await textOf(await ask(`/img/${options}/${mediaId}`))).not.toMatch(/Exif|Darkcam|Anna|2026:01/);
  });

  it("keeps all of it in a signed URL alone", async () => {
    const mediaId = await marked();
    await problemOf(await ask(`/img/f=jpeg,metadata=keep/${mediaId}`), 403, "forbidden");
    const current = derivedKey(String(testEnv.TOKEN_SECRET));
    const path = await signImagePath({ options: "f=jpeg,metadata=keep", mediaId }, { current });
    const kept = await textOf(await ask(path));
    expect(kept).toMatch(/Exif\0\0MM\0\*[\s\S]*Darkcam[\s\S]*Anna/);
  });
});

describe("f=json", () => {
  it("tells of the image and of what the options would make", async () => {
    const orange = paint(200, 100, (x) => (x < 150 ? [230, 120, 30, 255] : [20, 20, 60, 255]));
    const jpeg = withSegments(
      await fileOf(orange, "jpeg"),
      segment(0xe1, concat(ascii("Exif\0\0"), cameraExif())),
    );
    const mediaId = await upload(jpeg);
    const told = await json(`/img/w=50,f=json/${mediaId}`);
    expect(told).toMatchObject({
      width: 50,
      height: 25,
      original: {
        file_size: jpeg.length,
        width: 200,
        height: 100,
        format: "image/jpeg",
        has_alpha: false,
        frames: 1,
      },
      dominant_color: expect.stringMatching(/^#e[0-9a-f]7[0-9a-f][12][0-9a-f]$/),
      blurhash: expect.stringMatching(/^.{28}$/),
      exif: { make: "Darkcam", model: "Model One", f_number: 2.8, iso: 800 },
    });
    expect(JSON.stringify(told)).not.toMatch(/Anna|2026:01/);
    const hash = Uint8Array.from(atob(String(told.thumbhash)), (letter) => letter.charCodeAt(0));
    const { r, g, b } = thumbHashToAverageRGBA(hash);
    expect(r).toBeGreaterThan(g);
    expect(g).toBeGreaterThan(b);
  });

  it("may be kept for an hour, and no longer than its URL works", async () => {
    const mediaId = await upload(
      await fileOf(
        paint(20, 10, () => [230, 120, 30, 255]),
        "jpeg",
      ),
    );
    const open = await ask(`/img/f=json/${mediaId}`);
    expect(open.headers.get("Cache-Control")).toBe("public, max-age=3600");
    const current = derivedKey(String(testEnv.TOKEN_SECRET));
    const expiresAt = Math.floor(Date.now() / 1000) + 600;
    const soon = await ask(await signImagePath({ options: "f=json", mediaId, expiresAt }, { current }));
    const kept = Number(/^public, max-age=(\d+)$/.exec(soon.headers.get("Cache-Control") ?? "")?.[1]);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(600);
    await Promise.all([open.text(), soon.text()]);
  });

  it("looks at a picture once, whoever sends it, and forgets it with the last of them", async () => {
    const bytes = await fileOf(photo(120, 90), "png");
    const [one, two] = [await upload(bytes), await upload(bytes, await keyFor("bob"))];
    const first = await json(`/img/f=json/${one}`);
    expect(await storedKeys("derived/")).toHaveLength(1);
    const second = await json(`/img/f=json/${two}`);
    expect(await storedKeys("derived/")).toHaveLength(1);
    expect(second.thumbhash).toBe(first.thumbhash);
    expect(await rowsOf("image_analyses")).toHaveLength(1);
    expect((await ask(`/v1/media/${one}`, { method: "DELETE", headers: key })).status).toBe(204);
    expect(await rowsOf("image_analyses")).toHaveLength(1);
    await ask(`/v1/media/${two}`, { method: "DELETE", headers: await keyFor("bob") });
    expect(await rowsOf("image_analyses")).toEqual([]);
  });

  it("serves crops of any shape from one look", async () => {
    const busy = paint(300, 100, (x, y) =>
      x > 220 && x < 280 ? [(x * 37 + y * 91) % 256, 90, 60, 255] : [40, 40, 40, 255],
    );
    const mediaId = await upload(await fileOf(busy, "png"));
    for (const box of ["w=60,h=60", "w=30,h=60", "w=90,h=60"])
      expect((await ask(`/img/${box},fit=cover,g=auto,f=png/${mediaId}`)).status).toBe(200);
    expect(await rowsOf("image_analyses")).toHaveLength(1);
    expect((await storedKeys("derived/")).filter((name) => name.includes("width=96"))).toHaveLength(1);
  });

  it("says why not when there is nothing to look at", async () => {
    await problemOf(await ask("/img/f=json/med_01j00000000000000000000000"), 404, "not_found");
  });
});

describe("technical EXIF", () => {
  it("is empty for what is damaged, looped or cut short, and never throws", () => {
    const whole = concat(ascii("Exif\0\0"), cameraExif());
    for (let length = 0; length <= whole.length; length++) technicalExif(whole.slice(0, length));
    for (let at = 6; at < whole.length; at++) {
      const mutated = whole.slice();
      mutated[at] = 255;
      technicalExif(mutated);
    }
    expect(technicalExif(new Uint8Array(0))).toEqual({});
    expect(technicalExif(concat(ascii("Exif\0\0MM\0*"), uint32(8), [255, 255]))).toEqual({});
  });
});

describe("srcset", () => {
  it("gives signed URLs of several widths that work, none wider than the original", async () => {
    const mediaId = await upload(await fileOf(photo(400, 200), "jpeg"));
    const path = `/v1/media/${mediaId}/srcset?widths=100,200,900&options=f=jpeg,q=70&sizes=50vw&expires_in=60`;
    const set = await json(path, { headers: key });
    expect(set).toMatchObject({ sizes: "50vw", width: 400, height: 200 });
    const candidates = String(set.srcset)
      .split(", ")
      .map((candidate) => candidate.split(" "));
    expect(candidates.map(([, descriptor]) => descriptor)).toEqual(["100w", "200w", "400w"]);
    for (const [url = "", descriptor = ""] of candidates) {
      const response = await ask(url);
      expect(response.status).toBe(200);
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect(`${(probeImage(bytes, bytes.length) as { width: number }).width}w`).toBe(descriptor);
    }
    expect(set.html).toContain('sizes="50vw" width="400" height="200"');
    expect(set.html).not.toMatch(/&(?!amp;)/);
  });

  it("is refused by name, to others, and for what is no image", async () => {
    const mediaId = await upload(await fileOf(photo(40, 20), "jpeg"));
    await problemOf(
      await ask(`/v1/media/${mediaId}/srcset?widths=0`, { headers: key }),
      422,
      "invalid_request",
    );
    await problemOf(
      await ask(`/v1/media/${mediaId}/srcset?width=1`, { headers: key }),
      422,
      "invalid_request",
    );
    await problemOf(
      await ask(`/v1/media/${mediaId}/srcset?options=x=1`, { headers: key }),
      400,
      "invalid_image_url",
    );
    await problemOf(
      await ask(`/v1/media/${mediaId}/srcset`, { headers: await keyFor("bob") }),
      404,
      "not_found",
    );
    await problemOf(await ask(`/v1/media/${mediaId}/srcset`), 401, "unauthenticated");
  });
});

describe("draw", () => {
  it("lays an image of the same owner over another, and nobody else's", async () => {
    const mediaId = await upload(
      await fileOf(
        paint(100, 100, () => [0, 0, 255, 255]),
        "png",
      ),
    );
    const logo = await upload(await fileOf(disc(40), "png"));
    const options = `w=50,f=png,draw=${logo},draw.width=0.4,draw.gravity=left`;
    const plain = await ask(`/img/w=50,f=png/${mediaId}`);
    const marked = await ask(`/img/${options}/${mediaId}`);
    expect([plain.status, marked.status]).toEqual([200, 200]);
    const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
    expect(await bytesOf(marked)).not.toEqual(await bytesOf(plain));
    const bobs = await upload(await fileOf(disc(30), "png"), await keyFor("bob"));
    await problemOf(await ask(`/img/w=50,draw=${bobs}/${mediaId}`), 404, "not_found");
    await problemOf(await ask(`/img/w=50,draw=med_01j00000000000000000000000/${mediaId}`), 404, "not_found");
    await problemOf(
      await ask(`/img/w=50,draw=https%3A%2F%2Fevil.example%2Fx/${mediaId}`),
      400,
      "invalid_image_url",
    );
  });
});

describe("GET /v1/media/{id}/metadata", () => {
  it("tells all that was learned of an image, by the names of f=json", async () => {
    const mediaId = await upload(await fileOf(photo(300, 200), "jpeg"));
    const answer = await json(`/v1/media/${mediaId}/metadata`, { headers: key });
    expect(answer).toMatchObject({ media_id: mediaId, kind: "image", type: "image/jpeg" });
    const learned = answer.metadata as Record<string, unknown>;
    expect(learned).toMatchObject({
      width: 300,
      height: 200,
      format: "jpeg",
      compression: "progressive dct",
      estimated_quality: expect.any(Number),
      dpi: null,
      bit_depth: 8,
      color_model: "ycbcr",
      icc_profile: null,
      has_alpha: false,
      frames: 1,
      orientation: 1,
      exif: {},
    });
    const described = await json(`/img/f=json/${mediaId}`);
    for (const name of ["dominant_color", "thumbhash", "blurhash", "perceptual_hash", "entropy"])
      expect(described[name]).toEqual(learned[name]);
    expect(learned.perceptual_hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it("is for its owner", async () => {
    const mediaId = await upload(await fileOf(photo(30, 20), "jpeg"));
    const berta = await keyFor("berta");
    await problemOf(await ask(`/v1/media/${mediaId}/metadata`, { headers: berta }), 404, "not_found");
    await problemOf(await ask(`/v1/media/${mediaId}/metadata`), 401, "unauthenticated");
  });
});
