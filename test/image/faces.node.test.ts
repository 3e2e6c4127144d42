import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { analyzeFile } from "../../containers/transcoder/analyze-file.ts";
import { findFaces } from "../../containers/transcoder/face-detector.ts";
import { renderImage } from "../../containers/transcoder/render-image.ts";
import { parseCascade } from "../../src/image/faces/cascade.ts";
import type { Face } from "../../src/image/faces/face.ts";
import { focusOnFaces, zoomOnFaces } from "../../src/image/faces/focus.ts";
import { groupBoxes } from "../../src/image/faces/group.ts";
import type { Size } from "../../src/image/geometry.ts";
import { planImage } from "../../src/image/plan.ts";
import { settleOutput } from "../../src/image/settle.ts";
import { detailedPhoto } from "../fixtures/detailed-photo.ts";
import { facesOnWall } from "../fixtures/face.ts";
import { fileOf, paint } from "../fixtures/images.ts";

/** From the package `opencv-data`; machines without it crop by attention. */
const isInstalled = existsSync("/usr/share/opencv4/haarcascades");

const CROP = {
  name: "a.png",
  format: "png" as const,
  resizeMode: "crop" as const,
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  gravity: "face" as const,
  background: [255, 255, 255, 255] as [number, number, number, number],
  quality: 90,
};

function middleOf({ x, y, width, height }: Face): [number, number] {
  return [x + width / 2, y + height / 2];
}

describe.skipIf(!isInstalled)("the face detector", () => {
  it("finds drawn faces of several sizes where they are, the largest first", async () => {
    const picture = facesOnWall(320, 220, [
      { x: 225, y: 95, width: 64 },
      { x: 70, y: 140, width: 36 },
    ]);
    const faces = (await findFaces(picture)) ?? [];
    expect(faces).toHaveLength(2);
    const [large, small] = faces.map(middleOf);
    expect(large?.[0]).toBeCloseTo(225 / 320, 1);
    expect(large?.[1]).toBeCloseTo(98 / 220, 1);
    expect(small?.[0]).toBeCloseTo(70 / 320, 1);
    expect(small?.[1]).toBeCloseTo(142 / 220, 1);
  });

  it("finds none where there is none", async () => {
    const pictures = [1, 2, 3].map((seed) => detailedPhoto(240, 160, seed));
    pictures.push(
      paint(100, 100, () => [90, 90, 90, 255]),
      detailedPhoto(1, 1, 1),
      detailedPhoto(300, 5, 1),
    );
    for (const picture of pictures) expect(await findFaces(picture)).toEqual([]);
  });

  it("has a crop show the face, in a picture that lies on its side as well", async () => {
    const folder = mkdtempSync(join(tmpdir(), "faces-"));
    try {
      const picture = facesOnWall(640, 300, [{ x: 520, y: 150, width: 90 }]);
      const upright = sharp(await fileOf(picture, "png"));
      const files = {
        upright: await upright.clone().png().toBuffer(),
        lying: await upright.clone().rotate(-90).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      };
      for (const [name, bytes] of Object.entries(files)) {
        const input = join(folder, name);
        writeFileSync(input, bytes);
        const made = join(folder, `${name}.png`);
        await renderImage(input, { ...CROP, width: 120, height: 150 }, made);
        const { data } = await sharp(made).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
        // The crop is of 240×300 px of the picture; the face stands in its middle.
        const [face] =
          (await findFaces({ width: 120, height: 150, data: new Uint8ClampedArray(data) })) ?? [];
        expect(face && middleOf(face)[0]).toBeCloseTo(0.5, 1);
        expect((await analyzeFile(input)).faces).toHaveLength(1);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("comes closer in a picture that is trimmed, mirrored and turned", async () => {
    const folder = mkdtempSync(join(tmpdir(), "faces-"));
    try {
      const input = join(folder, "picture.png");
      writeFileSync(input, await fileOf(facesOnWall(640, 300, [{ x: 520, y: 150, width: 90 }]), "png"));
      // Turned by two quarters and mirrored down, a picture is mirrored across: the face stands upright.
      const turned = { trim: { left: 200, top: 20, right: 10, bottom: 0 }, flip: "v", rotate: 180 } as const;
      const made = join(folder, "made.png");
      await renderImage(input, { ...CROP, ...turned, width: 120, height: 120, zoom: 0.8 }, made);
      const { data } = await sharp(made).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
      const [face] = (await findFaces({ width: 120, height: 120, data: new Uint8ClampedArray(data) })) ?? [];
      // Of the whole crop, 280 px wide, it would take a third.
      expect(face?.width).toBeGreaterThan(0.45);
      expect(face && middleOf(face)[0]).toBeCloseTo(0.5, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses a file that is no cascade of upright Haar features", () => {
    const path = "/usr/share/opencv4";
    const lbp = readFileSync(`${path}/lbpcascades/lbpcascade_frontalface.xml`, "utf8");
    for (const xml of ["", "<opencv_storage/>", lbp]) expect(() => parseCascade(xml)).toThrow(/cascade/);
    const whole = parseCascade(readFileSync(`${path}/haarcascades/haarcascade_frontalface_alt2.xml`, "utf8"));
    expect([whole.width, whole.height, whole.stages.length, whole.features.length]).toEqual([
      20, 20, 20, 2094,
    ]);
  });
});

describe("a crop on faces", () => {
  const whole = { width: 1000, height: 500 };
  const face = (x: number, y: number, side: number): Face => ({ x, y, width: side, height: side * 2 });

  it("shows all of them where they fit, else the largest, and never leaves the picture", () => {
    const faces = [face(0.8, 0.2, 0.1), face(0.6, 0.3, 0.05)];
    // A square of 500 px: from 0.6 to 0.9 of the width.
    expect(focusOnFaces(faces, whole, { width: 500, height: 500 })?.x).toBeCloseTo((0.75 - 0.25) / 0.5, 5);
    // A slit of 120 px shows the larger.
    expect(focusOnFaces(faces, whole, { width: 120, height: 500 })?.x).toBeCloseTo((0.85 - 0.06) / 0.88, 5);
    expect(focusOnFaces([face(0.95, 0, 0.05)], whole, { width: 500, height: 500 })?.x).toBe(1);
    expect(focusOnFaces([], whole, whole)).toBeUndefined();
  });

  it("zooms in on them, in its own ratio and within the picture", () => {
    const faces = [face(0.8, 0.2, 0.1)];
    const crop = { width: 500, height: 250 };
    expect(zoomOnFaces(faces, whole, crop, 0)).toMatchObject({ width: 500, height: 250 });
    const close = zoomOnFaces(faces, whole, crop, 1);
    // The face is 100×100 px, in the middle at 850, 150.
    expect(close).toEqual({ left: 750, top: 100, right: 0, bottom: 0, width: 200, height: 100 });
    const half = zoomOnFaces(faces, whole, crop, 0.5);
    expect([half.width, half.height, half.left]).toEqual([350, 175, 650]);
    expect(zoomOnFaces([face(0, 0, 0.01)], whole, crop, 1)).toMatchObject({ left: 0, top: 0 });
  });

  it("zooms in on what is left of a picture, however it lies", async () => {
    // As shown after a quarter turn, of 500 px across: the face is at 200–300, 100–200 px.
    const faces = async () => [{ x: 0.4, y: 0.1, width: 0.2, height: 0.1 }];
    const blank = async (_: unknown, size: Size) => paint(size.width, size.height, () => [9, 9, 9, 255]);
    const output = { ...CROP, width: 100, height: 100, zoom: 1, rotate: 90 } as const;
    const settled = await settleOutput(whole, output, blank, faces);
    expect(settled).toMatchObject({ trim: { left: 100, top: 200, width: 100, height: 100 } });
    expect(settled.zoom).toBeUndefined();
    // The same from a wider picture of which the left half is cut off, mirrored across: from the right edge on.
    const wider = { width: 2000, height: 500 };
    const trimmed = { ...output, flip: "h", trim: { left: 1000, top: 0, right: 0, bottom: 0 } } as const;
    expect((await settleOutput(wider, trimmed, blank, faces)).trim).toMatchObject({ left: 1800, top: 200 });
    expect((await settleOutput(whole, { ...output, zoom: 0 }, blank, faces)).trim).toBeUndefined();
    expect((await settleOutput(whole, output, blank, async () => [])).trim).toBeUndefined();
  });

  it("needs three windows that agree", () => {
    const box = (x: number, width = 40) => ({ x, y: 10, width, height: width });
    expect(groupBoxes([box(0), box(1)])).toEqual([]);
    expect(groupBoxes([box(0), box(2), box(1), box(200)])).toEqual([{ x: 1, y: 10, width: 40, height: 40 }]);
    expect(groupBoxes([])).toEqual([]);
  });

  it("is made in a container", () => {
    const probe = { format: "jpeg", width: 800, height: 600, orientation: 1, components: 3, bitDepth: 8 };
    const plan = (output: object) => planImage({ ...probe, coding: "baseline" } as never, [output as never]);
    expect(plan({ ...CROP, width: 100, height: 100 })).toMatchObject({
      lane: "container-short",
      reason: "Only containers look for faces.",
    });
    expect(plan({ ...CROP, width: 100, height: 100, gravity: "attention" }).lane).toBe("edge");
  });
});
