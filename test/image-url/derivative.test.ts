import { describe, expect, it } from "vitest";
import { imageOutput } from "../../src/image/output.ts";
import { derivativeKey, derivedObjectKey, derivedObjectPrefix } from "../../src/image-url/cache-key.ts";
import { parseOptions } from "../../src/image-url/grammar.ts";
import { negotiateFormat } from "../../src/image-url/negotiate.ts";
import { FITS } from "../../src/image-url/options.ts";
import { toImageOutput } from "../../src/image-url/to-output.ts";

const CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
const OLD_SAFARI = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5";

describe("negotiateFormat", () => {
  it("gives WebP only to clients that name it", () => {
    expect(negotiateFormat("auto", CHROME, false)).toEqual({ format: "webp", varies: true });
    expect(negotiateFormat(undefined, "IMAGE/WEBP ; q=0.5", false).format).toBe("webp");
    expect(negotiateFormat("auto", OLD_SAFARI, false)).toEqual({ format: "jpeg", varies: true });
    expect(negotiateFormat("auto", OLD_SAFARI, true).format).toBe("png");
    expect(negotiateFormat("auto", null, false).format).toBe("jpeg");
    expect(negotiateFormat("auto", "image/webp;q=0, */*", false).format).toBe("jpeg");
    expect(negotiateFormat("auto", "image/webp;q=0.000", false).format).toBe("jpeg");
  });

  it("lets an explicit format win, whoever asks", () => {
    expect(negotiateFormat("png", CHROME, false)).toEqual({ format: "png", varies: false });
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

  it("never enlarges by scale-down and crop", () => {
    expect(toImageOutput({ width: 10 }, "jpeg")).toMatchObject({ resizeMode: "fit", allowEnlarge: false });
    expect(toImageOutput({ fit: "crop" }, "jpeg")).toMatchObject({ resizeMode: "crop", allowEnlarge: false });
    expect(toImageOutput({ fit: "cover" }, "jpeg")).toMatchObject({ resizeMode: "crop", allowEnlarge: true });
  });
});
