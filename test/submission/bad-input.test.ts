import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { ask, emptyStorage, keyFor, prepareDatabase } from "../fixtures/app.ts";
import { fileOf, jpegHeader, photo, pngHeader } from "../fixtures/images.ts";
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

let key: { Authorization: string };
let jpeg: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
  jpeg = await fileOf(photo(64, 48), "jpeg");
});
beforeEach(emptyStorage);

describe("a body that is not a job", () => {
  it("has nothing in it", async () => {
    await problemOf(await ask("/v1/jobs", { method: "POST", headers: key }), 400, "empty_body");
    const nothing = { ...key, "Content-Type": "application/json" };
    await problemOf(await ask("/v1/jobs", { method: "POST", headers: nothing, body: "" }), 400, "empty_body");
    await problemOf(await sendJson(key, "  "), 400, "empty_body");
    await expectNothingBehind();
  });

  it("is of a type that no job comes in", async () => {
    const headers = { ...key, "Content-Type": "text/csv" };
    const problem = await problemOf(
      await ask("/v1/jobs", { method: "POST", headers, body: "a,b" }),
      415,
      "unsupported_content_type",
    );
    expect(problem.detail).toContain("text/csv");
  });

  it("has no file", async () => {
    await problemOf(await send(key, [outputs([{ preset: "thumbnail" }])]), 422, "missing_file");
    await problemOf(await send(key, [{ name: "input_file", body: "no filename" }]), 422, "missing_file");
    await expectNothingBehind();
  });

  it("has two files, or a file of another name", async () => {
    await problemOf(await send(key, [file(jpeg), file(jpeg)]), 422, "too_many_files");
    const misnamed = await send(key, [{ ...file(jpeg), name: "photo" }]);
    const { errors } = await problemOf(misnamed, 422, "invalid_request");
    expect(errors).toEqual([{ path: "photo", message: expect.stringContaining("input_file") }]);
    await problemOf(await send(key, [file(jpeg), { ...file(jpeg), name: "other" }]), 422, "invalid_request");
    await expectNothingBehind();
  });

  it("says a field twice", async () => {
    const twice = [{ name: "priority", body: "low" }, { name: "priority", body: "high" }, file(jpeg)];
    const { errors } = await problemOf(await send(key, twice), 422, "invalid_request");
    expect(errors).toEqual([{ path: "priority", message: "This field was sent twice." }]);
  });

  it("is JSON that is not JSON", async () => {
    await problemOf(await sendJson(key, '{"media_id": '), 400, "malformed_json");
    await problemOf(await sendJson(key, "[]"), 422, "invalid_request");
    const specifications = { name: "output_specifications", body: "[{preset: thumbnail}]" };
    const { errors } = await problemOf(await send(key, [specifications, file(jpeg)]), 422, "invalid_request");
    expect(errors).toEqual([
      { path: "output_specifications", message: expect.stringContaining("Send JSON, such as [") },
    ]);
    await expectNothingBehind();
  });

  it("is more JSON than a job can be", async () => {
    const long = JSON.stringify({ media_id: "x".repeat(LIMITS.maxJsonBytes) });
    await problemOf(await sendJson(key, long), 413, "payload_too_large");
  });

  it("is cut off, has another boundary, or none", async () => {
    const whole = multipart([file(jpeg)]);
    await problemOf(await send(key, whole.slice(0, -20)), 400, "malformed_multipart");
    await problemOf(await send(key, whole.slice(0, whole.length / 2)), 400, "malformed_multipart");
    for (const type of ["multipart/form-data", "multipart/form-data; boundary=other"]) {
      const headers = { ...key, "Content-Type": type };
      const response = await ask("/v1/jobs", { method: "POST", headers, body: whole });
      await problemOf(response, 400, "malformed_multipart");
    }
    await expectNothingBehind();
  });

  it("has more parts, or a longer field, than any job needs", async () => {
    const many = Array.from({ length: 40 }, (_, n) => ({ name: `field${n}`, body: "x" }));
    await problemOf(await send(key, many), 400, "malformed_multipart");
    const long = [{ name: "output_specifications", body: "x".repeat(LIMITS.maxFieldBytes + 1) }];
    await problemOf(await send(key, long), 400, "malformed_multipart");
  });

  it("breaks the headers of a part", async () => {
    const body = new TextEncoder().encode(
      `--${BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--${BOUNDARY}--\r\n`,
    );
    await problemOf(await send(key, body), 400, "malformed_multipart");
  });
});

describe("fields that do not fit", () => {
  const eleven = Array.from({ length: LIMITS.maxOutputs + 1 }, (_, n) => ({ name: `o${n}`, format: "webp" }));

  it.each([
    ["an unknown field", [{ wdith: 10 }], "output_specifications.0.wdith"],
    ["an unknown preset", [{ preset: "thumbnial" }], "output_specifications.0.preset"],
    ["a preset of the language", [{ preset: "constructor" }], "output_specifications.0.preset"],
    ["an unknown format", [{ format: "webq" }], "output_specifications.0.format"],
    ["a size of nothing", [{ width: 0 }], "output_specifications.0.width"],
    ["a size beyond all", [{ format: "webp" }, { height: 16_385 }], "output_specifications.1.height"],
    ["half a pixel", [{ width: 10.5 }], "output_specifications.0.width"],
    ["a size in words", [{ width: "10" }], "output_specifications.0.width"],
    ["11 outputs", eleven, "output_specifications"],
    ["no outputs", [], "output_specifications"],
    ["one name for two", [{ name: "a" }, { name: "a" }], "output_specifications.1.name"],
    ["a video of a picture", [{ format: "mp4" }], "output_specifications.0.format"],
    ["a crop without a box", [{ resize_mode: "crop", width: 10 }], "output_specifications.0.resize_mode"],
    ["a colour that is none", [{ background_color: "greenish" }], "output_specifications.0.background_color"],
    ["a way out of the folder", [{ name: "../x" }], "output_specifications.0.name"],
    ["a hidden way out", [{ name: "a..b" }], "output_specifications.0.name"],
    ["a folder", [{ name: "a/b" }], "output_specifications.0.name"],
    ["a NUL", [{ name: "a\0b" }], "output_specifications.0.name"],
    ["an escape", [{ name: "a%2fb" }], "output_specifications.0.name"],
    ["a name too long", [{ name: "a".repeat(101) }], "output_specifications.0.name"],
  ])("%s is named with its path", async (_, specifications, path) => {
    const before = await send(key, [outputs(specifications), file(jpeg)]);
    const { errors, detail } = await problemOf(before, 422, "invalid_request");
    expect(new Set(errors?.map((error) => error.path))).toEqual(new Set([path]));
    expect(errors?.[0]?.message).toMatch(/\w/);
    expect(detail).toContain("errors");
    // The same when the file came first and was all there before anything could be wrong.
    await problemOf(await send(key, [file(jpeg), outputs(specifications)]), 422, "invalid_request");
    await expectNothingBehind();
  });

  it("every one of them is named", async () => {
    const wrong = [{ preset: "nope" }, { resize_mode: "pad" }, { thumbnails: { at: [1] } }];
    const { errors } = await problemOf(await send(key, [outputs(wrong), file(jpeg)]), 422, "invalid_request");
    expect(errors?.map(({ path }) => path)).toEqual([
      "output_specifications.0.preset",
      "output_specifications.1.resize_mode",
      "output_specifications.2.thumbnails",
    ]);
  });

  it("an unknown field or priority of the job is named too", async () => {
    const odd = [{ name: "prio", body: "low" }, { name: "priority", body: "soon" }, file(jpeg)];
    const { errors } = await problemOf(await send(key, odd), 422, "invalid_request");
    expect(new Set(errors?.map(({ path }) => path))).toEqual(new Set(["prio", "priority"]));
    await expectNothingBehind();
  });
});

describe("a file that is not what it should be", () => {
  it.each([
    ["is empty", () => file(new Uint8Array()), 422, "empty_file"],
    ["is text named .jpg", () => file("Dear photo, wish you were here."), 415, "type_mismatch"],
    ["is text", () => file("a,b,c", "table.csv", "text/csv"), 415, "unsupported_type"],
    ["is a PDF", () => file("%PDF-1.7\n%", "paper.pdf", "application/pdf"), 415, "unsupported_type"],
    ["is a picture named .mp4", () => file(jpeg, "clip.mp4", "video/mp4"), 415, "type_mismatch"],
    ["is a JPEG cut in half", () => file(jpeg.slice(0, jpeg.length / 2)), 422, "corrupt_image"],
    ["is a JPEG without its last byte", () => file(jpeg.slice(0, -1)), 422, "corrupt_image"],
    ["is the start of a JPEG", () => file(jpeg.slice(0, 20)), 422, "corrupt_image"],
    ["is a header without a picture", () => file(jpegHeader(100, 100)), 422, "corrupt_image"],
    [
      "claims 60000×60000 pixels",
      () => file(pngHeader(60_000, 60_000), "huge.png", "image/png"),
      422,
      "too_many_pixels",
    ],
  ])("%s", async (_, part, status, code) => {
    await problemOf(await send(key, [part()]), status, code);
    await expectNothingBehind();
  });
});

describe("a body over the limit", () => {
  it("is refused by its length before it is read", async () => {
    const headers = {
      ...key,
      "Content-Type": `multipart/form-data; boundary=${BOUNDARY}`,
      "Content-Length": String(LIMITS.maxFileBytes + 2_000_000),
    };
    let pulled = 0;
    const { readable } = new FixedLengthStream(LIMITS.maxFileBytes + 2_000_000);
    const body = readable.pipeThrough(
      new TransformStream({
        transform() {
          pulled++;
        },
      }),
    );
    const { detail } = await problemOf(
      await ask("/v1/jobs", { method: "POST", headers, body }),
      413,
      "payload_too_large",
    );
    expect(detail).toContain("95 MB");
    expect(pulled).toBe(0);
    await expectNothingBehind();
  });

  it("is refused while it streams in without a length", { timeout: 30_000 }, async () => {
    const clip = file("\0\0\0\x18ftypisom\0\0\0\0isommp42", "clip.mp4", "video/mp4");
    const head = multipart([clip]).slice(0, -(BOUNDARY.length + 8));
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(sent === 0 ? head : new Uint8Array(1_000_000));
        if (sent++ > 120) controller.close();
      },
    });
    const { detail } = await problemOf(await send(key, body), 413, "payload_too_large");
    expect(detail).toContain("95 MB");
    expect(sent).toBeLessThan(110);
    await expectNothingBehind();
  });
});

it("a good file in the smallest pieces is still a good file", async () => {
  const response = await send(key, inPieces(multipart([file(jpeg), outputs([{ preset: "thumbnail" }])]), 7));
  expect(response.status).toBe(201);
});
