import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { sha256Hex } from "../../src/digest.ts";
import { sweep } from "../../src/retention/sweep.ts";
import {
  ask,
  emptyStorage,
  keyFor,
  prepareDatabase,
  rowCounts,
  storedKeys,
  testEnv,
} from "../fixtures/app.ts";
import { concat, fileOf, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import {
  BOUNDARY,
  expectNothingBehind,
  file,
  inPieces,
  multipart,
  outputs,
  problemOf,
  send,
  sendJson,
} from "./sending.ts";

interface Accepted {
  job_id: string;
  media_id: string;
  watch_token: string;
  links: Record<string, string>;
}

let key: { Authorization: string };
let jpeg: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
  jpeg = await fileOf(photo(64, 48), "jpeg");
});
beforeEach(emptyStorage);

async function accepted(response: Response): Promise<Accepted> {
  expect(response.status).toBe(201);
  return await response.json();
}

/** The start of an MP4, and bytes that only their order tells apart. */
function clipOf(bytes: number): Uint8Array<ArrayBuffer> {
  const body = Uint8Array.from({ length: bytes }, (_, at) => (at * 7 + (at >> 8)) & 255);
  body.set(new TextEncoder().encode("\0\0\0\x18ftypisom\0\0\0\0isommp42"));
  return body;
}

describe("a photo", () => {
  it("is stored and answered with where to read on", async () => {
    const response = await send(key, [
      { name: "priority", body: "high" },
      file(jpeg),
      outputs([{ preset: "small" }]),
    ]);
    const { job_id, media_id, watch_token, links } = await accepted(response);
    expect(response.headers.get("Location")).toBe(links.self);
    expect(links.self).toBe(`https://darkroom.test/v1/jobs/${job_id}`);
    expect(links.ws).toMatch(/^wss:/);
    const media = await ask(`/v1/media/${media_id}`, { headers: key });
    expect(await media.json()).toMatchObject({
      kind: "image",
      type: "image/jpeg",
      filename: "photo.jpg",
      bytes: jpeg.length,
      sha256: await sha256Hex(jpeg),
      metadata: { width: 64, height: 48 },
    });
    const original = await ask(`/v1/media/${media_id}/original`, { headers: key });
    expect(new Uint8Array(await original.arrayBuffer())).toEqual(jpeg);
    expect((await ask(`/v1/jobs/${job_id}/progress?token=${watch_token}`)).status).toBe(200);
    expect(await rowsOf("uploads")).toEqual([]);
    expect(await rowsOf("jobs")).toMatchObject([{ request_id: response.headers.get("X-Request-Id") }]);
    expect(await whenEnded(job_id, key)).toMatchObject({ status: "completed", priority: "high" });
  });

  it("can come before, between or after the fields", async () => {
    const [small, low] = [outputs([{ preset: "small" }]), { name: "priority", body: "low" }];
    const again = { name: "force_new", body: "true" };
    for (const parts of [
      [file(jpeg), small, low, again],
      [small, again, file(jpeg), low],
      [small, low, again, file(jpeg)],
    ]) {
      const { job_id } = await accepted(await send(key, parts));
      const job = await (await ask(`/v1/jobs/${job_id}`, { headers: key })).json();
      expect(job).toMatchObject({ priority: "low", output_specifications: [{ preset: "small" }] });
    }
  });

  it.each([1, 3, 64, 1000])("can come in pieces of %i bytes", async (size) => {
    const { media_id } = await accepted(await send(key, inPieces(multipart([file(jpeg)]), size)));
    expect(await rowsOf("media")).toMatchObject([{ id: media_id, sha256: await sha256Hex(jpeg) }]);
  });

  it.each([
    ["../../etc/passwd.jpg", "passwd.jpg"],
    ["C:\\\\photos\\\\cat.jpg", "cat.jpg"],
    ["..", "file"],
    ["a\tb.jpg", "ab.jpg"],
    [`${"n".repeat(300)}.jpg`, "n".repeat(200)],
    ["schön 日本.jpg", "schön 日本.jpg"],
    ["%2e%2e%2fx.jpg", "%2e%2e%2fx.jpg"],
  ])("named %j is kept as %j, and its name leads nowhere", async (sent, kept) => {
    const { media_id } = await accepted(await send(key, [file(jpeg, sent)]));
    expect(await rowsOf("media")).toMatchObject([
      { filename: kept, object_key: `media/${media_id}/original` },
    ]);
    const original = await ask(`/v1/media/${media_id}/original`, { headers: key });
    expect(original.headers.get("Content-Disposition")).toMatch(/^attachment; filename\*=UTF-8''[\w.%-]+$/);
  });
});

describe("a file larger than one part", () => {
  it("goes up in equal parts and comes back byte for byte", async () => {
    const clip = clipOf(2 * LIMITS.uploadPartBytes + 12_345);
    const body = inPieces(multipart([file(clip, "clip.mp4", "video/mp4")]), 700_001);
    const { media_id } = await accepted(await send(key, body));
    const sha256 = await sha256Hex(clip);
    expect(await rowsOf("media")).toMatchObject([{ kind: "video", size_bytes: clip.length, sha256 }]);
    const stored = await testEnv.MEDIA.get(`media/${media_id}/original`);
    expect(await sha256Hex(await (stored as R2ObjectBody).arrayBuffer())).toBe(sha256);
    // R2 marks an object of several parts with their number.
    expect(stored?.etag).toMatch(/-3$/);
  });

  it("leaves nothing when its fields turn out wrong at the end", async () => {
    const clip = file(clipOf(LIMITS.uploadPartBytes + 100), "clip.mp4", "video/mp4");
    await problemOf(await send(key, [clip, outputs([{ format: "bmp" }])]), 422, "invalid_request");
    await expectNothingBehind();
  });

  it("that its sender abandons midway leaves nothing after the sweep", async () => {
    const whole = multipart([file(clipOf(LIMITS.uploadPartBytes * 2), "clip.mp4", "video/mp4")]);
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at > LIMITS.uploadPartBytes * 1.5) return controller.error(new Error("the sender is gone"));
        controller.enqueue(whole.slice(at, at + 500_000));
        at += 500_000;
      },
    });
    await send(key, body).catch(() => undefined);
    await sweep(testEnv, Date.now() + LIMITS.abandonedUploadMs + 1);
    await expectNothingBehind();
  });

  it("that a crash cut off is found by the sweep from its row, and not before its time", async () => {
    const objectKey = "media/med_lost/original";
    const multipartUpload = await testEnv.MEDIA.createMultipartUpload(objectKey);
    await multipartUpload.uploadPart(1, new Uint8Array(LIMITS.uploadPartBytes));
    const row = testEnv.DB.prepare("INSERT INTO uploads VALUES ('upl_lost', 'anna', ?, ?, ?)");
    await row.bind(objectKey, multipartUpload.uploadId, 1_000).run();
    await sweep(testEnv, 1_000 + LIMITS.abandonedUploadMs);
    expect(await rowCounts()).toEqual({ uploads: 1 });
    await sweep(testEnv, 1_001 + LIMITS.abandonedUploadMs);
    await expectNothingBehind();
    const late = testEnv.MEDIA.resumeMultipartUpload(objectKey, multipartUpload.uploadId);
    await expect(late.uploadPart(2, concat([1]))).rejects.toThrow();
  });
});

describe("a job on stored media", () => {
  it("makes more of it without sending it again", async () => {
    const { media_id } = await accepted(await send(key, [file(jpeg)]));
    const again = await sendJson(key, {
      media_id,
      output_specifications: [{ preset: "small" }],
      priority: "urgent",
    });
    const second = await accepted(again);
    expect(second.media_id).toBe(media_id);
    expect(await whenEnded(second.job_id, key)).toMatchObject({
      status: "completed",
      priority: "urgent",
      outputs: [{ name: "small.webp", width: 64, height: 48 }],
    });
    expect(await rowCounts()).toMatchObject({ media: 1, jobs: 2 });
    expect(await storedKeys("media/")).toHaveLength(1);
  });

  it("needs media that is there, and one's own", async () => {
    const { media_id } = await accepted(await send(key, [file(jpeg)]));
    const other = await keyFor("ben");
    for (const [headers, id] of [
      [other, media_id],
      [key, "med_none"],
      [key, `med_${"0".repeat(26)}`],
      [key, "\0"],
    ] as const) {
      const { errors } = await problemOf(await sendJson(headers, { media_id: id }), 422, "invalid_request");
      expect(errors).toMatchObject([{ path: "media_id" }]);
    }
    const { errors } = await problemOf(await sendJson(key, { media_id, size: 1 }), 422, "invalid_request");
    expect(errors).toEqual([{ path: "size", message: "There is no such field." }]);
    expect(await rowCounts()).toMatchObject({ jobs: 1 });
  });
});

it("the presets are listed with what they stand for, and each can be asked for", async () => {
  const response = await ask("/v1/presets", { headers: key });
  const { presets } = (await response.json()) as {
    presets: { name: string; specification: { format: string; preview?: object } }[];
  };
  expect(presets).toContainEqual({
    name: "thumbnail",
    description: expect.any(String),
    specification: { format: "webp", width: 150, height: 150, resize_mode: "crop" },
  });
  const images = presets.filter(({ specification }) => {
    return specification.format === "webp" && !specification.preview;
  });
  const asked = await send(key, [file(jpeg), outputs(images.map(({ name }) => ({ preset: name })))]);
  const job = await whenEnded((await accepted(asked)).job_id, key);
  expect(job.outputs.map(({ name }) => name)).toEqual(
    images.map(({ name }) => `${name}.webp`).toSorted((a, b) => a.localeCompare(b)),
  );
});

it("a body whose boundary line is split between two pieces is one body", async () => {
  const body = multipart([file(jpeg), outputs([{ preset: "small" }])]);
  const at = new TextDecoder("latin1").decode(body).lastIndexOf(BOUNDARY) + 5;
  const pieces = [body.slice(0, at), body.slice(at)];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece) controller.enqueue(piece);
      else controller.close();
    },
  });
  await accepted(await send(key, stream));
});
