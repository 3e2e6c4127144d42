import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QUALITY_WORDS } from "../../src/image/quality.ts";
import { formatOptions, parseOptions } from "../../src/image-url/grammar.ts";
import { FITS, type ImageUrlOptions, URL_FORMATS } from "../../src/image-url/options.ts";

const invalid = expect.objectContaining({ code: "invalid_request" });

describe("parseOptions", () => {
  it.each<[string, ImageUrlOptions]>([
    ["width=400", { width: 400 }],
    ["w=400,h=300,f=webp,q=75", { width: 400, height: 300, format: "webp", quality: 75 }],
    ["fit=cover,format=auto,quality=high", { fit: "cover", format: "auto", quality: "high" }],
    ["w=100,width=200,w=300", { width: 300 }],
    ["width%3D400%2Cfit%3Dcrop", { width: 400, fit: "crop" }],
    ["fit=scale%2Ddown", { fit: "scale-down" }],
    ["w=400,", { width: 400 }],
    [" w = 400 , q = low ", { width: 400, quality: "low" }],
    ["", {}],
  ])("reads %s", (segment, options) => {
    expect(parseOptions(segment)).toEqual(options);
  });

  it("decodes once and no more", () => {
    expect(() => parseOptions("fit=scale%252Ddown")).toThrow(invalid);
  });

  it.each([
    ["widht=400", /no option "widht".*width/],
    ["heigth=1", /height/],
    ["blink=1", /The options are width, height, fit, quality, format/],
    ["w", /no value/],
    ["width", /no value/],
    ["w=0", /from 1 to 4096/],
    ["w=999999", /from 1 to 4096/],
    ["w=1e3", /whole number/],
    ["w=-5", /whole number/],
    ["w=4.5", /whole number/],
    ["w=", /whole number/],
    ["q=101", /from 1 to 100/],
    ["q=best", /low, medium, high, maximum/],
    ["fit=inside", /one of scale-down/],
    ["f=bmp", /one of auto/],
    ["w=%zz", /percent-encoding/],
    ["%E0%A4%A", /percent-encoding/],
    ["__proto__=1", /no option/],
    ["constructor=1", /no option/],
  ])("refuses %s and says why", (segment, message) => {
    expect(() => parseOptions(segment)).toThrow(message);
    expect(() => parseOptions(segment)).toThrow(invalid);
  });

  it("refuses bombs cheaply", () => {
    const started = performance.now();
    for (const bomb of [
      "w=1,".repeat(10_000),
      "w=1,".repeat(200),
      `w=${"9".repeat(1_000_000)}`,
      "%2C".repeat(1_000_000),
      ",".repeat(1000),
    ]) {
      expect(() => parseOptions(bomb)).toThrow(invalid);
    }
    expect(performance.now() - started).toBeLessThan(100);
  });

  it("never fails with anything but a MediaError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[whqf=,%0-9a-z]{0,40}$/)), (segment) => {
        try {
          parseOptions(segment);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "invalid_request" });
        }
      }),
    );
  });
});

const options = fc.record(
  {
    width: fc.integer({ min: 1, max: 4096 }),
    height: fc.integer({ min: 1, max: 4096 }),
    fit: fc.constantFrom(...FITS),
    quality: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(...QUALITY_WORDS)),
    format: fc.constantFrom(...URL_FORMATS),
  },
  { requiredKeys: [] },
);

describe("formatOptions", () => {
  it("writes long names in one order", () => {
    expect(formatOptions(parseOptions("f=webp,q=80,fit=pad,h=2,w=1"))).toBe(
      "width=1,height=2,fit=pad,quality=80,format=webp",
    );
  });

  it("is read back as what was written, raw or encoded as a whole", () => {
    fc.assert(
      fc.property(options, (written) => {
        const segment = formatOptions(written);
        expect(parseOptions(segment)).toEqual(written);
        expect(parseOptions(encodeURIComponent(segment))).toEqual(written);
        expect(formatOptions(parseOptions(segment))).toBe(segment);
      }),
    );
  });
});
