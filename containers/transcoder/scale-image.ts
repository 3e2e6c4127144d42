import sharp, { type Metadata, type Sharp } from "sharp";
import type { Rectangle, Size } from "../../src/image/geometry.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import type { Opening } from "./salvage.ts";

/** A local file and what libvips says of it. */
export interface SourceFile {
  file: string;
  metadata: Metadata;
  opening: Opening;
}

export type Kernel = keyof typeof sharp.kernel;

/** How a picture is sampled, beyond its window and size. */
export interface Sampled {
  kernel: Kernel;
  /** `keep` leaves the codes as they are stored. */
  color: "srgb" | "keep";
  linearLight?: boolean | undefined;
}

/**
 * A window of the upright picture at another size, in 8 bits. Nothing is cut from a JPEG that is shown as a whole:
 * libvips then decodes it at 1/2 to 1/8 of its size, and where anything is cut first, every px of it.
 */
export function scaled(
  { file, metadata, opening }: SourceFile,
  window: Rectangle,
  size: Size,
  { kernel, color, linearLight }: Sampled,
): Sharp {
  const source = sharp(file, { ...opening.options, ignoreIcc: color === "keep" });
  const lit = linearLight ? source.pipelineColorspace("scrgb") : source;
  const upright = lit.autoOrient();
  const shown =
    metadata.format === "jpeg" && isWhole(window, metadata.autoOrient) ? upright : upright.extract(window);
  const resized = shown.resize(size.width, size.height, { fit: "fill", kernel });
  const isWide = metadata.depth === "ushort" && !linearLight;
  return (isWide ? rounded(resized) : resized).toColorspace("srgb");
}

function isWhole({ left, top, width, height }: Rectangle, picture: Size): boolean {
  return left === 0 && top === 0 && width === picture.width && height === picture.height;
}

/** What 16 bits are times this, its upper byte is the code in 8 bits (k × 257 becomes k). */
const UPPER_BYTE = (255 * 256) / 65_535;

/** libvips takes the upper byte of 16 bits as it is, which is too dark by half a code. */
function rounded(image: Sharp): Sharp {
  return image.linear(UPPER_BYTE, 128);
}

/** The kernel of libvips that comes closest to what the edge uses. */
const KERNELS = {
  nearest: "nearest",
  bilinear: "linear",
  bicubic: "cubic",
  mitchell: "mitchell",
  lanczos2: "lanczos2",
  lanczos3: "lanczos3",
} as const;

export function kernelOf({ interpolation = "auto" }: ImageOutput, window: Size, size: Size): Kernel {
  if (interpolation !== "auto") return KERNELS[interpolation];
  return size.width > window.width && size.height > window.height ? "mitchell" : "lanczos3";
}
