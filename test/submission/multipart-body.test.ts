import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MultipartEvent, readMultipart } from "../../src/submission/multipart-body.ts";
import { concat } from "../fixtures/images.ts";
import { BOUNDARY, file, inPieces, multipart } from "./sending.ts";

const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** A body's events, with the chunks of a file joined. */
async function read(body: Uint8Array, pieceBytes = body.length, contentType = CONTENT_TYPE) {
  const events: Exclude<MultipartEvent, { type: "file_end" }>[] = [];
  for await (const event of readMultipart(inPieces(body, pieceBytes), contentType)) {
    const last = events.at(-1);
    if (event.type === "chunk" && last?.type === "chunk") last.bytes = concat(last.bytes, event.bytes);
    else if (event.type !== "file_end") events.push(event);
  }
  return events;
}

const raw = (text: string) => new TextEncoder().encode(text.replaceAll("\n", "\r\n"));

function partWith(disposition: string): Uint8Array {
  return raw(`--${BOUNDARY}\nContent-Disposition: ${disposition}\n\nx\n--${BOUNDARY}--\n`);
}

describe("a multipart body", () => {
  it("reads the same however it is cut into pieces", async () => {
    // Bytes that look like the beginning of a boundary, again and again.
    const almost = raw(`\n--${BOUNDARY.slice(0, -1)}\n\n--\n-`);
    const parts = [
      { name: "a", body: "één" },
      file(concat(almost, almost)),
      { name: "b", body: "" },
      file(""),
    ];
    const body = multipart(parts);
    const whole = await read(body);
    expect(whole.map(({ type }) => type)).toEqual(["field", "file", "chunk", "field", "file"]);
    expect(whole[2]).toEqual({ type: "chunk", bytes: concat(almost, almost) });
    for (let size = 1; size < 120; size++) expect(await read(body, size)).toEqual(whole);
  });

  it("gives back any bytes that do not hold its boundary", async () => {
    const tricky = fc.constantFrom(13, 10, 45, 100, 0, 255);
    const bytes = fc.array(tricky, { maxLength: 200 }).map((values) => Uint8Array.from(values));
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), async (content, size) => {
        const events = await read(multipart([file(content)]), size);
        const [, chunk] = events;
        expect(chunk?.type === "chunk" ? chunk.bytes : new Uint8Array()).toEqual(content);
      }),
      { numRuns: 300 },
    );
  });

  it("may have a preamble, an epilogue and a quoted boundary", async () => {
    const body = concat(
      raw("This is a multipart message.\n"),
      multipart([{ name: "a", body: "1" }]),
      raw("\nbye"),
    );
    const field = [{ type: "field", name: "a", value: "1" }];
    expect(await read(body, 9, `multipart/form-data; charset=utf-8; boundary="${BOUNDARY}"`)).toEqual(field);
  });

  it("that ends anywhere before its closing boundary is refused", async () => {
    const body = multipart([file("pixels"), { name: "priority", body: "low" }]);
    for (let length = 0; length < body.length - 2; length++) {
      await expect(read(body.slice(0, length), 50)).rejects.toMatchObject({ code: "malformed_multipart" });
    }
    expect(await read(body.slice(0, -2))).toHaveLength(3);
  });
});

describe("the name of a file", () => {
  it.each([
    ['filename="schön 日本 🏔.jpg"', "schön 日本 🏔.jpg"],
    ['filename="Screenshot 9.41\u202fAM.png"', "Screenshot 9.41\u202fAM.png"],
    ['filename="it’s; name=x.jpg"', "it’s; name=x.jpg"],
    ['filename="C:\\photos\\cat.jpg"', "C:\\photos\\cat.jpg"],
    ['filename="a \\"b\\".jpg"', 'a "b".jpg'],
    ['filename="a\\"', "a\\"],
    ["filename=plain.jpg", "plain.jpg"],
    ['filename=""', ""],
    ["filename=\"x.jpg\"; filename*=UTF-8''%E2%82%AC.jpg", "€.jpg"],
  ])("%s is read as %j", async (parameter, filename) => {
    const [event] = await read(partWith(`form-data; name="input_file"; ${parameter}`));
    expect(event).toMatchObject({ type: "file", name: "input_file", filename });
  });

  it.each([
    ["form-data; filename=a", "no name"],
    ["attachment; name=a", "no name"],
    ['form-data; name="a"; filename="a\0b"', "cannot be read"],
    ["form-data; name=\"a\"; filename*=UTF-8''%E0%A4%A", "percent-encoding"],
  ])("%s is refused", async (disposition, words) => {
    await expect(read(partWith(disposition))).rejects.toMatchObject({
      code: "malformed_multipart",
      message: expect.stringContaining(words),
    });
  });
});
