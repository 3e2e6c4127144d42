import { MediaError } from "../../errors.ts";
import type { Demand } from "../demand.ts";
import type { Rectangle, Size } from "../geometry.ts";
import type { Pixels } from "../pixels.ts";
import type { ImageProbe } from "../probe.ts";
import { FILTERS, type Filters, type KernelInstance, kernels, takePixels } from "./kernels.ts";

/** What planes hold, by the numbers of `kernels/resize/color.ts`. */
const MODELS: Partial<Record<ImageProbe["colorModel"], number>> = { grayscale: 1, ycbcr: 2, rgb: 3 };

/** The words for each status of `kernels/jpeg/status.ts`, from 1 on. */
const FAILURES = [
  "the data of a scan ends before its picture does",
  "a marker segment makes no sense",
  "a table is missing or makes no sense",
  "the frame header makes no sense",
  "a scan header makes no sense",
  "the data holds a code that its table does not",
  "a block has more than 64 coefficients",
  "there are zeros in the place of its data",
  "a restart marker is missing",
  "a part of the picture is in no scan",
  "there are more scans than any encoder writes",
] as const;
/** Other decoders make a picture of these, with a part of it in grey: there is nothing to ask them. */
const CERTAIN = [8, 10];
const UNSUPPORTED = 12;
const OUT_OF_MEMORY = 13;

/** A JPEG that is decoded to planes, which stay in the kernels until other work takes their place. */
export interface JpegPlanes {
  /** A window of the stored picture as opaque RGBA of another size. The window must lie in the one demanded. */
  resample(window: Rectangle, size: Size, filters: Filters): Promise<Pixels>;
}

/**
 * Decodes no more of a JPEG than is demanded.
 *
 * @throws MediaError `corrupt_image`, `unsupported_image`
 */
export async function openJpeg(input: Uint8Array, probe: ImageProbe, demand: Demand): Promise<JpegPlanes> {
  const model = MODELS[probe.colorModel];
  if (model === undefined)
    throw new MediaError("unsupported_image", "There is no decoder for CMYK JPEG here.");
  let decoded = await kernels.use((instance) => decode(instance, input, probe, demand));
  return {
    async resample(window, size, filters) {
      return await kernels.use((instance) => {
        const isThere = decoded.instance === instance && decoded.work === instance.work;
        if (!isThere) decoded = decode(instance, input, probe, demand);
        return render(instance, model, window, size, filters);
      });
    },
  };
}

function decode(instance: KernelInstance, input: Uint8Array, probe: ImageProbe, demand: Demand) {
  const { exports } = instance;
  const work = ++instance.work;
  const address = exports.startFile(input.length);
  if (address === 0) throw failure(OUT_OF_MEMORY);
  new Uint8Array(exports.memory.buffer).set(input, address >>> 0);
  const { scaleX, scaleY } = demand;
  const { left, top, width, height } = demand.window;
  const hasColorApart = probe.colorModel === "ycbcr";
  const status = exports.decodeToPlanes(
    scaleX,
    scaleY,
    hasColorApart ? demand.colorScaleX : scaleX,
    hasColorApart ? demand.colorScaleY : scaleY,
    left,
    top,
    left + width,
    top + height,
  );
  if (status !== 0) throw failure(status);
  if (exports.pictureWidth() !== probe.width || exports.pictureHeight() !== probe.height) {
    throw new MediaError("corrupt_image", "The picture is not of the size that its header says.", {
      isDoubtful: true,
    });
  }
  return { instance, work };
}

function render(
  { exports }: KernelInstance,
  model: number,
  window: Rectangle,
  size: Size,
  filters: Filters,
): Pixels {
  const address = exports.renderPlanes(
    model,
    window.left,
    window.top,
    window.width,
    window.height,
    size.width,
    size.height,
    FILTERS[filters.horizontal],
    FILTERS[filters.vertical],
  );
  if (address === 0) throw failure(OUT_OF_MEMORY);
  return { ...size, data: takePixels(exports, address, size.width * size.height) };
}

function failure(status: number): MediaError {
  if (status === UNSUPPORTED) {
    return new MediaError("unsupported_image", "This kind of JPEG cannot be decoded on this lane.");
  }
  if (status === OUT_OF_MEMORY) {
    return new MediaError("unsupported_image", "The picture needs more memory than this lane has.");
  }
  const problem = FAILURES[status - 1] ?? `status ${status}`;
  const isDoubtful = !CERTAIN.includes(status);
  return new MediaError("corrupt_image", `The JPEG cannot be decoded: ${problem}.`, { isDoubtful });
}
