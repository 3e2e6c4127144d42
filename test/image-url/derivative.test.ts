import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ImageOutput, imageOutput } from "../../src/image/output.ts";
import { derivativeKey, derivedObjectKey, derivedObjectPrefix } from "../../src/image-url/cache-key.ts";
import { parseOptions } from "../../src/image-url/grammar.ts";
import { negotiateFormat } from "../../src/image-url/negotiate.ts";
import { FITS } from "../../src/image-url/options.ts";
import { toImageOutput } from "../../src/image-url/to-output.ts";
import { anyOptions } from "./any-options.ts";

const CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
const STILL = { hasAlpha: false, animated: false };
const OLD_SAFARI = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5";

describe("negotiateFormat", () => {
  it("gives WebP only to clients that name it", () => {
    expect(negotiateFormat({ format: "auto" }, CHROME, STILL)).toEqual({
      format: "webp",
      better: "avif",
      varies: true,
    });
    expect(negotiateFormat({}, "IMAGE/WEBP ; q=0.5", STILL).format).toBe("webp");
    expect(negotiateFormat({ format: "auto" }, OLD_SAFARI, STILL)).toEqual({ format: "jpeg", varies: true });
    expect(negotiateFormat({ format: "auto" }, OLD_SAFARI, { ...STILL, hasAlpha: true }).format).toBe("png");
    expect(negotiateFormat({ format: "auto" }, null, STILL).format).toBe("jpeg");
    expect(negotiateFormat({ format: "auto" }, "image/webp;q=0, */*", STILL).format).toBe("jpeg");
    expect(negotiateFormat({ format: "auto" }, "image/webp;q=0.000", STILL).format).toBe("jpeg");
  });

  it("does not offer AVIF for what moves, unless a still is asked for", () => {
    const moving = { hasAlpha: true, animated: true };
    expect(negotiateFormat({}, CHROME, moving)).toEqual({ format: "webp", varies: true });
    expect(negotiateFormat({ anim: false }, CHROME, moving).better).toBe("avif");
  });

  it("lets an explicit format win, whoever asks", () => {
    expect(negotiateFormat({ format: "png" }, CHROME, STILL)).toEqual({ format: "png", varies: false });
  });
});

describe("derivative keys", () => {
  const identity = { mediaId: "med_1", mediaVersion: 3, format: "webp" } as const;

  it("are equal for equal asks and differ with format, version and options", () => {
    const key = derivativeKey({ ...identity, options: parseOptions("w=400,f=auto") });
    expect(key).toBe("med_1/3/width=400,fit=scale-down.webp");
    expect(derivativeKey({ ...identity, options: parseOptions("f=webp,fit=scale-down,w=9,width=400") })).toBe(
      key,
    );
    const others = [
      derivativeKey({ ...identity, options: { width: 400 }, format: "jpeg" }),
      derivativeKey({ ...identity, options: { width: 400 }, mediaVersion: 4 }),
      derivativeKey({ ...identity, options: { height: 400 } }),
    ];
    expect(new Set([key, ...others]).size).toBe(4);
  });

  it("lie under one prefix a media and a version", () => {
    const key = derivedObjectKey({ ...identity, options: {} });
    expect(key).toBe("derived/med_1/3/fit=scale-down.webp");
    expect(key.startsWith(derivedObjectPrefix("med_1", 3))).toBe(true);
    expect(key.startsWith(derivedObjectPrefix("med_1"))).toBe(true);
  });
});

describe("toImageOutput", () => {
  it("gives a valid output for every fit", () => {
    for (const fit of FITS) {
      const output = toImageOutput({ width: 10, height: 20, fit, quality: "low" }, "webp");
      expect(imageOutput.parse(output)).toEqual(output);
    }
  });

  it("gives a valid output for whatever options there are", () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const output = toImageOutput(options, "jpeg");
        expect(imageOutput.parse(output)).toEqual(output);
      }),
    );
  });

  it.each<[string, Partial<ImageOutput>]>([
    [
      "w=100,h=50,dpr=2,trim=1;2;3;4,border=5",
      {
        width: 200,
        height: 100,
        trim: { top: 2, right: 4, bottom: 6, left: 8 },
        border: { top: 10, right: 10, bottom: 10, left: 10, color: [0, 0, 0, 255] },
      },
    ],
    [
      "border=1;2;3;4,border.left=9,border.color=red",
      {
        border: { top: 1, right: 2, bottom: 3, left: 9, color: [255, 0, 0, 255] },
      },
    ],
    ["border.color=red", { border: undefined }],
    [
      "trim.left=30,trim.top=40,trim.width=678",
      { trim: { top: 40, right: 0, bottom: 0, left: 30, width: 678 } },
    ],
    ["trim=border", { trimBorder: { tolerance: 10, keep: 0 } }],
    [
      "trim=color,trim.border.color=%23fff,trim.border.keep=3,dpr=2",
      {
        trimBorder: { color: [255, 255, 255, 255], tolerance: 10, keep: 6 },
      },
    ],
    ["g=auto", { gravity: "attention" }],
    ["g=0.1x0.9", { position: { x: 0.1, y: 0.9 } }],
    ["g=left", { position: { x: 0, y: 0.5 } }],
    ["brightness=0,contrast=1,gamma=0", { adjust: undefined }],
    ["saturation=0", { adjust: { saturation: 0 } }],
    ["background=rgb(1,2,3)", { background: [1, 2, 3, 255], underlay: true }],
    ["q=medium-high", { quality: 71 }],
    ["q=medium-low", { quality: 52 }],
    ["f=baseline-jpeg", { progressive: false }],
    ["w=1000,h=500,fit=cover,placeholder=true", { width: 32, height: 16, resizeMode: "crop", blur: 1 }],
    ["w=1000,blur-up=1", { width: 32, height: 32, resizeMode: "fit" }],
  ])("says %s in the engine's terms", (segment, output) => {
    expect(toImageOutput(parseOptions(segment), "jpeg")).toMatchObject(output);
  });

  it("never enlarges by scale-down and crop", () => {
    expect(toImageOutput({ width: 10 }, "jpeg")).toMatchObject({ resizeMode: "fit", allowEnlarge: false });
    expect(toImageOutput({ fit: "crop" }, "jpeg")).toMatchObject({ resizeMode: "crop", allowEnlarge: false });
    expect(toImageOutput({ fit: "cover" }, "jpeg")).toMatchObject({ resizeMode: "crop", allowEnlarge: true });
  });
});
