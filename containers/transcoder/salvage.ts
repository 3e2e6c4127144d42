import { createReadStream } from "node:fs";
import sharp from "sharp";
import { MediaError } from "../../src/errors.ts";
import { createCompletenessCheck } from "../../src/image/completeness.ts";
import { detectImageFormat } from "../../src/image/probe/detect.ts";
import { headOf } from "./head-of.ts";
import { INPUT_OPTIONS } from "./input-options.ts";
import { pixelsOf } from "./pixels-of.ts";

/** How libvips opens a file that is cut short: what it cannot decode stays blank, or coarse in a progressive JPEG. */
const SALVAGE_OPTIONS = { ...INPUT_OPTIONS, failOn: "none" } as const;

/** How libvips opens a file that another decoder refused. */
const STRICT_OPTIONS = { ...INPUT_OPTIONS, failOn: "warning" } as const;

/** How a source is opened, and what is missing of it where only a part of it is to be had. */
export interface Opening {
  options: typeof INPUT_OPTIONS | typeof SALVAGE_OPTIONS | typeof STRICT_OPTIONS;
  /** The sentence that names what is missing. */
  cutShort?: string | undefined;
}

export const OPEN_WHOLE: Opening = { options: INPUT_OPTIONS };
export const OPEN_STRICT: Opening = { options: STRICT_OPTIONS };

/**
 * Finds out whether a local file is cut short, and whether anything of its picture is there. One that is whole is opened
 * as any other, so that damage within it is still an error.
 *
 * @throws {MediaError} `corrupt_image` when nothing can be salvaged
 */
export async function openForSalvage(input: string): Promise<Opening> {
  const cutShort = await missingOf(input);
  if (cutShort === undefined) return OPEN_WHOLE;
  if (await isBlank(input))
    throw new MediaError("corrupt_image", `${cutShort} Nothing of its picture is there to be salvaged.`);
  return { options: SALVAGE_OPTIONS, cutShort };
}

async function missingOf(input: string): Promise<string | undefined> {
  const check = createCompletenessCheck(detectImageFormat(await headOf(input)));
  for await (const chunk of createReadStream(input)) check.push(chunk as Buffer);
  return check.problem();
}

/** The side of the copy in which a blank is looked for, px. */
const LOOK_SIDE_PX = 512;
/** What a decoder may make of the end of the data: one block of a JPEG, and what its neighbours take on of it, px. */
const SPECK_PIXELS = 600;

/** Nothing but a speck differs from the last pixel, which is what is not decoded; or not even the header can be read. */
async function isBlank(input: string): Promise<boolean> {
  try {
    const box = {
      width: LOOK_SIDE_PX,
      height: LOOK_SIDE_PX,
      fit: "inside",
      withoutEnlargement: true,
    } as const;
    const copy = sharp(input, SALVAGE_OPTIONS).resize({ ...box, kernel: "nearest" });
    const { data } = await pixelsOf(copy.toColorspace("srgb"));
    const pixels = new Uint32Array(data.buffer);
    const blank = pixels.at(-1);
    return pixels.filter((pixel) => pixel !== blank).length <= SPECK_PIXELS;
  } catch {
    return true;
  }
}
