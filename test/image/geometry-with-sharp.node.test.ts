import sharp from "sharp";
import { expect, it } from "vitest";
import { planGeometry } from "../../src/image/geometry.ts";
import { type ImageOutput, RESIZE_MODES, type ResizeMode } from "../../src/image/output.ts";

const FITS = {
  fit: "inside",
  fill: "fill",
  stretch: "fill",
  crop: "cover",
  pad: "contain",
} as const satisfies Record<ResizeMode, string>;

const SOURCES = [
  [300, 200],
  [101, 67],
  [1, 1],
  [1, 400],
  [400, 1],
  [3, 7],
] as const;

const SIDES = [undefined, 1, 33, 100, 255];

// `stretch` is `fill` by another name.
const MODES = RESIZE_MODES.filter((mode) => mode !== "stretch");

it("gives the sizes that sharp gives, for every mode", async () => {
  for (const [width, height] of SOURCES) {
    for (const output of boxes()) {
      const { canvas } = planGeometry({ width, height }, output);
      const { info } = await sharp({ create: { width, height, channels: 3, background: "#123456" } })
        .resize({
          width: output.width,
          height: output.height,
          fit: FITS[output.resizeMode],
          withoutEnlargement: !output.allowEnlarge,
        })
        .raw()
        .toBuffer({ resolveWithObject: true });
      const where = `${width}×${height} ${JSON.stringify(output)}`;
      expect(`${canvas.width}×${canvas.height}`, where).toBe(`${info.width}×${info.height}`);
    }
  }
});

function* boxes(): Generator<
  Pick<ImageOutput, "width" | "height" | "resizeMode" | "allowEnlarge" | "position">
> {
  for (const resizeMode of MODES) {
    for (const allowEnlarge of [false, true]) {
      for (const width of SIDES) {
        for (const height of SIDES) {
          // With one side, sharp's `fill` leaves the other as it is; ours follows the ratio in every mode.
          const isOneSided = (width === undefined) !== (height === undefined);
          if (isOneSided && FITS[resizeMode] === "fill") continue;
          yield { width, height, resizeMode, allowEnlarge, position: { x: 0.5, y: 0.5 } };
        }
      }
    }
  }
}
