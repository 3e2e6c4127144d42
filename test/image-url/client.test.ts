import { describe, expect, it } from "vitest";
import { adaptToClient } from "../../src/image-url/adapt-to-client.ts";
import { type AnswerFacts, answerHeaders } from "../../src/image-url/answer-headers.ts";
import { parseOptions } from "../../src/image-url/grammar.ts";
import { mountedPath } from "../../src/image-url/mount.ts";
import { DEFAULT_PRESETS, expandPreset, isPresetOnly } from "../../src/image-url/presets.ts";
import { imageUrlSettings } from "../../src/image-url/settings.ts";
import { takeToken } from "../../src/image-url/token-bucket.ts";
import { roundToSteps } from "../../src/image-url/width-steps.ts";

const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1";
const IPAD = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1";
const PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/130.0 Mobile Safari/537.36";
const ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/130.0 Safari/537.36";
const DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36";

function sending(headers: Record<string, string>) {
  return (name: string) => headers[name] ?? null;
}

describe("width=auto", () => {
  it.each<[Record<string, string>, number]>([
    [{ "User-Agent": IPHONE }, 320],
    [{ "User-Agent": PIXEL }, 320],
    [{ "User-Agent": IPAD }, 768],
    [{ "User-Agent": ANDROID_TABLET }, 768],
    [{ "User-Agent": DESKTOP }, 960],
    [{}, 960],
    [{ "Sec-CH-Width": "700", "User-Agent": IPHONE }, 768],
    [{ "Viewport-Width": "400", DPR: "2" }, 960],
    [{ "Sec-CH-Viewport-Width": "300", "Sec-CH-DPR": "1" }, 320],
    [{ Width: "999999" }, 1200],
    [{ Width: "-5", "User-Agent": IPHONE }, 320],
    [{ Width: "1e3", "User-Agent": DESKTOP }, 960],
  ])("with %o is %i px", (headers, width) => {
    const { options, varies } = adaptToClient({ width: "auto" }, sending(headers));
    expect(options.width).toBe(width);
    expect(varies).toEqual(expect.arrayContaining(["Sec-CH-Width", "User-Agent"]));
  });
});

describe("slow-connection-quality", () => {
  const asked = { quality: 80, "slow-connection-quality": 30 };
  it.each<[Record<string, string>, number]>([
    [{}, 80],
    [{ "Save-Data": "on" }, 30],
    [{ "Save-Data": "off" }, 80],
    [{ ECT: "3g" }, 30],
    [{ ECT: "4g" }, 80],
    [{ RTT: "151" }, 30],
    [{ RTT: "150" }, 80],
    [{ Downlink: "4.9" }, 30],
    [{ Downlink: "10" }, 80],
  ])("with %o is %i", (headers, quality) => {
    const { options, varies } = adaptToClient(asked, sending(headers));
    expect(options).toEqual({ quality });
    expect(varies).toContain("Save-Data");
  });

  it("leaves what does not ask for it alone, and says so", () => {
    expect(adaptToClient({ width: 9 }, sending({ "Save-Data": "on" }))).toEqual({
      options: { width: 9 },
      varies: [],
    });
  });
});

describe("presets", () => {
  it("give way to what stands beside them", () => {
    const options = expandPreset({ preset: "thumbnail", width: 99, format: "png" }, DEFAULT_PRESETS);
    expect(options).toEqual({ width: 99, height: 150, fit: "cover", format: "png" });
    expect(() => expandPreset({ preset: "thumbnial" }, DEFAULT_PRESETS)).toThrow(/Did you mean thumbnail/);
    expect(() => expandPreset({ preset: "constructor" }, DEFAULT_PRESETS)).toThrow(/no preset/);
  });

  it("alone may choose the format and nothing that makes more variants", () => {
    expect(isPresetOnly(parseOptions("preset=avatar,f=webp"))).toBe(true);
    for (const segment of ["w=3", "preset=avatar,w=3", "f=webp", ""])
      expect(isPresetOnly(parseOptions(segment)), segment).toBe(false);
  });
});

describe("settings", () => {
  it("are checked when they are read", () => {
    const settings = imageUrlSettings(
      {
        IMAGE_URL_PRESETS: '{"hero":"w=1600"}',
        IMAGE_URL_WIDTH_STEPS: "640, 320",
        IMAGE_URL_POLICY: "presets",
      },
      "0123456789abcdef",
    );
    expect(settings).toMatchObject({ policy: "presets", widthSteps: [320, 640], mount: "/cdn-cgi/image" });
    expect(settings.presets).toMatchObject({ hero: "w=1600", avatar: expect.any(String) });
    for (const wrong of [
      { IMAGE_URL_PRESETS: '{"hero":"wdith=1600"}' },
      { IMAGE_URL_PRESETS: "hero" },
      { IMAGE_URL_POLICY: "closed" },
      { IMAGE_URL_KEY: "short" },
      { IMAGE_URL_MOUNT: "images/" },
    ])
      expect(() => imageUrlSettings(wrong, "0123456789abcdef"), JSON.stringify(wrong)).toThrow();
  });
});

describe("width steps", () => {
  const steps = [320, 640, 1280];
  it("round up, take the height along, and end at the last", () => {
    expect(roundToSteps({ width: 321 }, steps)).toEqual({ width: 640 });
    expect(roundToSteps({ width: 640 }, steps)).toEqual({ width: 640 });
    expect(roundToSteps({ width: 200, height: 100, dpr: 2 }, steps)).toEqual({ width: 640, height: 320 });
    expect(roundToSteps({ width: 4000 }, steps)).toEqual({ width: 1280 });
    expect(roundToSteps({ width: 9 }, [])).toEqual({ width: 9 });
    expect(roundToSteps({ height: 9 }, steps)).toEqual({ height: 9 });
    expect(roundToSteps({ width: 1, height: 200 }, steps)).toEqual({ width: 1, height: 200 });
  });
});

describe("a budget", () => {
  it("gives a minute's worth at once, then as it fills up", () => {
    let bucket: Parameters<typeof takeToken>[0];
    const take = (atMs: number) => {
      const answer = takeToken(bucket, 60, atMs);
      bucket = answer.bucket;
      return answer.waitSeconds;
    };
    for (let n = 0; n < 60; n++) expect(take(1000)).toBe(0);
    expect(take(1000)).toBe(1);
    expect(take(1500)).toBe(1);
    expect(take(2000)).toBe(0);
    expect(take(500)).toBeGreaterThan(0);
    for (let n = 0; n < 60; n++) expect(take(10_000_000)).toBe(0);
    expect(take(10_000_000)).toBe(1);
  });
});

describe("the second mount", () => {
  const own = new URL("https://media.example.com/cdn-cgi/image/x");
  const id = "med_01j00000000000000000000000";
  const path = (source: string) => mountedPath(["w=80", ...source.split("/")], own);

  it.each([
    [id, [id]],
    [`${id}/photo.jpg`, [id, "photo.jpg"]],
    [`media/${id}`, [id]],
    [`/${id}`, [id]],
    [`https://media.example.com/img/w=9/${id}/a.jpg`, [id, "a.jpg"]],
    [`https:/media.example.com/${id}`, [id]],
    [`https%3A%2F%2Fmedia.example.com%2F${id}`, [id]],
  ])("takes %s", (source, rest) => {
    expect(path(source)).toEqual(["w=80", ...rest]);
    expect(mountedPath(["s--abc", "w=80", ...source.split("/")], own)).toEqual(["s--abc", "w=80", ...rest]);
  });

  it.each([
    `https://evil.example/${id}`,
    `http://169.254.169.254/latest/${id}`,
    `https://media.example.com@evil.example/${id}`,
    `https://user@media.example.com/${id}`,
    `http://[::1]:8787/${id}`,
    `https%3A%2F%2Fevil.example%2F${id}`,
    `https://media.example.com.evil.example/${id}`,
  ])("refuses %s", (source) => {
    expect(() => path(source)).toThrow(expect.objectContaining({ code: "forbidden" }));
  });

  it.each([
    "",
    "photo.jpg",
    "..%2f..%2fmedia",
    "https://",
    "file:///etc/passwd",
    "https://media.example.com/",
  ])("finds nothing at %s", (source) => {
    expect(() => path(source)).toThrow(expect.objectContaining({ code: "not_found" }));
  });
});

describe("the headers of an answer", () => {
  const facts: AnswerFacts = {
    format: "webp",
    varies: [],
    isVersioned: false,
    expiresAt: undefined,
    isProvisional: false,
    filename: "photo.jpeg",
    note: undefined,
  };
  const of = (changes: Partial<AnswerFacts>) => answerHeaders({ ...facts, ...changes }, 1000);

  it("keep what never changes for a year, and nothing longer than its URL works", () => {
    expect(of({})["Cache-Control"]).toBe("public, max-age=86400");
    expect(of({ isVersioned: true })["Cache-Control"]).toBe("public, max-age=31536000, immutable");
    expect(of({ isVersioned: true, expiresAt: 1060 })["Cache-Control"]).toBe("public, max-age=60");
    expect(of({ expiresAt: 900 })["Cache-Control"]).toBe("public, max-age=0");
    expect(of({ isProvisional: true, isVersioned: true })["Cache-Control"]).toBe("public, max-age=30");
  });

  it("vary by what had a say, and ask for hints only then", () => {
    expect(of({})).not.toHaveProperty("Vary");
    expect(of({ varies: ["Accept"] })).toMatchObject({ Vary: "Accept" });
    expect(of({ varies: ["Accept"] })).not.toHaveProperty("Accept-CH");
    expect(of({ varies: ["Accept", "Save-Data"] })["Accept-CH"]).toContain("Save-Data");
  });

  it.each([
    ["photo.jpeg", 'inline; filename="photo.webp"'],
    ['bad\r\nname".jpg', 'inline; filename="badname.webp"'],
    ["../../etc/passwd", 'inline; filename="etcpasswd.webp"'],
    ["..", 'inline; filename="image.webp"'],
    ["", 'inline; filename="image.webp"'],
    ["été.png", "inline; filename=\"_t_.webp\"; filename*=UTF-8''%C3%A9t%C3%A9.webp"],
    ["a\ud800.png", "inline; filename=\"a_.webp\"; filename*=UTF-8''a%EF%BF%BD.webp"],
  ])("name a file that was called %j", (filename, disposition) => {
    expect(of({ filename })["Content-Disposition"]).toBe(disposition);
  });
});
