import { describe, expect, it } from "vitest";
import { QUALITY_WORDS, resolveQuality } from "../../src/image/quality.ts";
import { verifyImage } from "../../src/image/verify.ts";
import { EDGE_FORMATS, fileOf, photo } from "../fixtures/images.ts";

describe("verifyImage", () => {
  it("passes what was asked for and nothing else", async () => {
    for (const format of EDGE_FORMATS) {
      const file = await fileOf(photo(30, 20), format);
      expect(() => verifyImage(file, { width: 30, height: 20, format })).not.toThrow();
      const invalid = expect.objectContaining({ code: "invalid_result" });
      expect(() => verifyImage(file, { width: 20, height: 30, format })).toThrow(invalid);
      expect(() => verifyImage(file.subarray(0, 18), { width: 30, height: 20, format })).toThrow(invalid);
      const other = format === "png" ? "jpeg" : "png";
      expect(() => verifyImage(file, { width: 30, height: 20, format: other })).toThrow(invalid);
    }
  });
});

describe("resolveQuality", () => {
  it("rises with the word, keeps numbers, and is high when nothing is said", () => {
    for (const format of ["jpeg", "webp"] as const) {
      const values = QUALITY_WORDS.map((word) => resolveQuality(word, format));
      expect(values).toEqual([...values].sort((a, b) => a - b));
      expect(resolveQuality(undefined, format)).toBe(resolveQuality("high", format));
      expect(resolveQuality(33, format)).toBe(33);
    }
  });
});
