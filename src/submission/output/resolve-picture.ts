import { parseColor } from "../../image/color.ts";
import { type ImageFormat, type ImageOutput, imageOutput } from "../../image/output.ts";
import { watermarkOf } from "../logos.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { qualityOf } from "../quality-field.ts";
import { positionOf } from "./crop-position.ts";

const WHITE = [255, 255, 255, 255] as const;

/** An image, or the picture that a still of a video becomes. */
export function pictureOf(specification: NamedSpecification, defaultLogo: string | undefined): ImageOutput {
  const isAuto = specification.format === "auto";
  const format = isAuto ? "webp" : (specification.format as ImageFormat);
  const background = specification.background_color && parseColor(specification.background_color);
  return imageOutput.parse({
    name: specification.name,
    format,
    width: specification.width,
    height: specification.height,
    resizeMode: specification.resize_mode ?? "fit",
    allowEnlarge: specification.allow_enlarge ?? false,
    ...positionOf(specification.crop_position ?? "center"),
    interpolation: specification.interpolation,
    sharpen: specification.sharpen_amount,
    background: background || WHITE,
    ...qualityOf(specification.quality, format),
    losslessIfFlat: (isAuto && !specification.lossless) || undefined,
    lossless: specification.lossless,
    maxColors: specification.max_colors,
    progressive: specification.progressive,
    effort: specification.effort,
    chromaSubsampling: specification.chroma_subsampling,
    animated: ((format === "webp" || format === "gif") && specification.animated !== false) || undefined,
    metadata: specification.metadata,
    colorProfile: specification.color_profile,
    linearLight: specification.linear_light,
    salvage: specification.on_truncated === "salvage" || undefined,
    watermark: specification.watermark && watermarkOf(specification.watermark, defaultLogo),
  });
}
