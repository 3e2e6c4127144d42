import { describe, expect, it } from "vitest";
import { decodeImage } from "../../src/image/decode.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { webpDamage } from "../../src/image/webp-damage.ts";
import { disc, fileOf, photo } from "../fixtures/images.ts";

function probed(file: Uint8Array): ImageProbe {
  const answer = probeImage(file, file.length);
  if (needsMoreBytes(answer)) throw new Error("short head");
  return answer;
}

/** A copy with bytes written over it. */
function withBytes(file: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
}

/** Where the chunk of a type begins. */
function chunkAt(file: Uint8Array, type: string): number {
  return new TextDecoder("latin1").decode(file).indexOf(type);
}

async function messageOf(file: Uint8Array, probe: ImageProbe): Promise<string> {
  const thrown = await decodeImage(file, probe).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: "corrupt_image", isDoubtful: true });
  return (thrown as Error).message;
}

describe("a damaged WebP", () => {
  it("is told with what is broken in it", async () => {
    const lossy = await fileOf(photo(60, 40), "webp");
    const clear = await fileOf(disc(40), "webp");
    const bitstream = chunkAt(lossy, "VP8 ");
    const cases: [file: Uint8Array, of: Uint8Array, words: string][] = [
      [withBytes(lossy, bitstream + 4, 255, 255), lossy, "its VP8 chunk claims 65535 bytes, and"],
      [
        withBytes(lossy, bitstream + 8, 0xf0, 0xff, 0xff),
        lossy,
        "the first partition of its VP8 bitstream claims 524287 bytes",
      ],
      [withBytes(lossy, bitstream + 8, 0x51), lossy, "its VP8 bitstream does not begin with a key frame"],
      [withBytes(lossy, bitstream, 0x58), lossy, "no chunk of it holds a bitstream"],
      [withBytes(clear, 24, 99), clear, "its VP8 bitstream is not of the size that its VP8X chunk says"],
      [
        withBytes(clear, chunkAt(clear, "ALPH") + 8, 0xff, 0xff, 0xff),
        clear,
        "its VP8 bitstream or its alpha (ALPH) makes no sense",
      ],
    ];
    for (const [file, of, words] of cases) {
      expect(await messageOf(file, probed(of))).toContain(`The WebP cannot be decoded: ${words}`);
    }
  });

  it("is told with its RIFF header where that is wrong", async () => {
    const file = await fileOf(photo(30, 20), "webp");
    expect(webpDamage(withBytes(file, 4, 255, 255, 0, 0))).toBe(
      `its RIFF header claims 65543 bytes, and it has ${file.length}`,
    );
    expect(webpDamage(withBytes(file, 4, 0, 0, 0, 0))).toContain("its RIFF header claims 8 bytes");
  });

  it("has words for anything", () => {
    for (let length = 0; length < 60; length++) {
      expect(webpDamage(new Uint8Array(length).fill(length))).toMatch(/RIFF|chunk|bitstream/);
    }
  });
});
