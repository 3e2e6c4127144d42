import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatOptions, parseOptions } from "../../src/image-url/grammar.ts";
import type { ImageUrlOptions } from "../../src/image-url/options.ts";
import { anyOptions } from "./any-options.ts";

const invalid = expect.objectContaining({ code: "invalid_image_url" });

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
    ["w=auto,dpr=1.5,g=0.5x0.33", { width: "auto", dpr: 1.5, gravity: { x: 0.5, y: 0.33 } }],
    ["background=rgb(1,2,3),w=9", { background: [1, 2, 3, 255], width: 9 }],
    ["w=9,background=rgb%281%2C2%2C3%29", { background: [1, 2, 3, 255], width: 9 }],
    ["background%3Drgb(1%2C2%2C3)%2Cw%3D9", { background: [1, 2, 3, 255], width: 9 }],
    ["background=%23fff", { background: [255, 255, 255, 255] }],
    [
      "trim=20;30;20;0,border=5",
      {
        trim: { top: 20, right: 30, bottom: 20, left: 0 },
        border: { top: 5, right: 5, bottom: 5, left: 5 },
      },
    ],
    ["trim=border,trim.border.tolerance=0", { trim: "border", "trim.border.tolerance": 0 }],
    ["blur-up=true,scq=50", { placeholder: true, "slow-connection-quality": 50 }],
    ["rotate=90,flip=hv,sharpen=.5", { rotate: 90, flip: "hv", sharpen: 0.5 }],
  ])("reads %s", (segment, options) => {
    expect(parseOptions(segment)).toEqual(options);
  });

  it("decodes once and no more", () => {
    expect(() => parseOptions("fit=scale%252Ddown")).toThrow(invalid);
  });

  it.each([
    ["widht=400", /no option "widht".*width/],
    ["heigth=1", /height/],
    ["blink=1", /The options are preset, width, height, fit/],
    ["w", /no value/],
    ["width", /no value/],
    ["w=0", /from 1 to 4096/],
    ["w=999999", /from 1 to 4096/],
    ["w=1e3", /whole number/],
    ["w=-5", /whole number/],
    ["w=4.5", /whole number/],
    ["w=", /whole number/],
    ["q=101", /from 1 to 100/],
    ["q=best", /low, medium-low, medium, medium-high, high, maximum/],
    ["fit=inside", /one of scale-down/],
    ["f=bmp", /one of auto/],
    ["dpr=1e9", /from 1 to 3/],
    ["dpr=4", /from 1 to 3/],
    ["blur=251", /from 1 to 250/],
    ["rotate=45", /one of 90, 180, 270/],
    ["trim=1;2", /top;right;bottom;left/],
    ["trim=1;2;3;4;5", /top;right;bottom;left/],
    ["g=1.5x0", /0.5x0.33/],
    ["g=0x0x0", /0.5x0.33/],
    ["background=rgb(1", /CSS colour/],
    ["preset=../../x", /name of a preset/],
    ["gravty=auto", /gravity/],
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
          expect(thrown).toMatchObject({ code: "invalid_image_url" });
        }
      }),
    );
  });
});

describe("formatOptions", () => {
  it("writes long names in one order", () => {
    expect(formatOptions(parseOptions("f=webp,q=80,fit=pad,h=2,w=1"))).toBe(
      "width=1,height=2,fit=pad,quality=80,format=webp",
    );
  });

  it("is read back as what was written, raw or encoded as a whole", () => {
    fc.assert(
      fc.property(anyOptions, (written) => {
        const segment = formatOptions(written);
        expect(parseOptions(segment)).toEqual(written);
        expect(parseOptions(encodeURIComponent(decodeURIComponent(segment)))).toEqual(written);
        expect(formatOptions(parseOptions(segment))).toBe(segment);
      }),
    );
  });
});
