import type { ImageOutput } from "../../image/output.ts";
import { shotsName } from "../../video/analysis-output.ts";
import type { PreviewOutput } from "../../video/preview.ts";
import type { ThumbnailOutput } from "../../video/still-output.ts";
import { type StoryboardOutput, sheetStem } from "../../video/storyboard.ts";
import type { NamedSpecification } from "../name-outputs.ts";

const DEFAULT_PREVIEW_WIDTH_PX = 320;
const DEFAULT_TILE_WIDTH_PX = 160;

/** One output for each still that a specification of thumbnails asks for. */
export function stillsOf(specification: NamedSpecification, image: ImageOutput): ThumbnailOutput[] {
  const { name, thumbnails } = specification;
  const still = (index: number, count: number): ThumbnailOutput => {
    const own = count === 1 ? name : numberedName(name, index + 1);
    const shared = { format: "thumbnail", name: own, image: { ...image, name: own } } as const;
    const set = count === 1 ? {} : { set: name };
    if (thumbnails && "best" in thumbnails) {
      return { ...shared, ...set, atSeconds: 0, best: { index, count } };
    }
    return { ...shared, ...set, atSeconds: thumbnails?.at[index] ?? 1 };
  };
  const count = stillCount(specification);
  return Array.from({ length: count }, (_, index) => still(index, count));
}

/** Files that a specification makes beside or instead of the one it names; their number may depend on the video. */
export function numberedNames(specification: NamedSpecification): { fixed: string[]; pattern?: RegExp } {
  const { name, storyboard } = specification;
  if (storyboard) {
    const stem = sheetStem(name).replaceAll(/[.\\]/g, String.raw`\$&`);
    return { fixed: [], pattern: new RegExp(String.raw`^${stem}-\d+\.(jpg|png|webp)$`) };
  }
  if (specification.format === "json" && !specification.waveform) {
    return { fixed: [shotsName({ format: "analysis", name })] };
  }
  const count = stillCount(specification);
  if (count === 1) return { fixed: [] };
  return { fixed: Array.from({ length: count }, (_, index) => numberedName(name, index + 1)) };
}

function stillCount({ thumbnails }: NamedSpecification): number {
  if (!thumbnails) return 1;
  return "best" in thumbnails ? thumbnails.count : thumbnails.at.length;
}

/** `poster.jpg` → `poster-2.jpg` */
function numberedName(name: string, number: number): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? `${name.slice(0, dot)}-${number}${name.slice(dot)}` : `${name}-${number}`;
}

export function storyboardOf(
  { name, storyboard, width, height }: NamedSpecification,
  image: ImageOutput,
): StoryboardOutput {
  const tileWidth = width ?? (height === undefined ? DEFAULT_TILE_WIDTH_PX : undefined);
  return {
    format: "storyboard",
    name,
    image: { ...image, width: tileWidth, resizeMode: "fit" },
    intervalSeconds: storyboard?.interval,
    columns: storyboard?.columns ?? 10,
    rows: storyboard?.rows ?? 10,
  };
}

export function previewOf(
  { name, preview, width, height }: NamedSpecification,
  image: ImageOutput,
): PreviewOutput {
  return {
    format: "preview",
    name,
    width: width ?? (height === undefined ? DEFAULT_PREVIEW_WIDTH_PX : undefined),
    height,
    durationSeconds: preview?.duration ?? 4,
    moments: preview?.moments ?? 4,
    quality: image.quality,
  };
}
