/**
 * HDR that stays HDR: the source's own curve (PQ or HLG) over BT.2020 in ten bits, and what the container says of the
 * light that the picture was graded for (SMPTE ST 2086, CTA-861.3).
 */
import type { PixelFormat } from "./codecs.ts";
import type { FileOutput } from "./file-output.ts";
import type { HdrLight } from "./hdr-light.ts";
import type { VideoDescription } from "./source.ts";
import { isHdr } from "./video-filters.ts";

/** Ten bits are the least that both curves are defined for. */
export const HDR_PIXEL_FORMAT: PixelFormat = "yuv420p10le";

/** Whether an output is asked to stay what its source is. */
export function keepsHdr(video: VideoDescription, { hdr }: Pick<FileOutput, "hdr">): boolean {
  return hdr === "keep" && isHdr(video);
}

/** The tags of the source; what files often leave untagged is as good as always BT.2020 in limited range. */
export function hdrTagArgs({
  colorPrimaries,
  colorSpace,
  colorTransfer,
  colorRange,
}: VideoDescription): string[] {
  return [
    ...[
      "-color_primaries",
      known(colorPrimaries) ?? "bt2020",
      "-colorspace",
      known(colorSpace) ?? "bt2020nc",
    ],
    ...["-color_trc", colorTransfer ?? "", "-color_range", colorRange === "pc" ? "pc" : "tv"],
  ];
}

/** ffprobe says `unknown` and `reserved` as well, which no encoder takes. */
function known(tag: string | undefined): string | undefined {
  return tag !== undefined && /^(bt|smpte)\d+\w*$/.test(tag) ? tag : undefined;
}

/** The light as x265 takes it: colours in 1/50,000, the mastering display's light in 1/10,000 nits. */
export function x265LightParams({ display, content }: HdrLight): string[] {
  const point = ([x, y]: readonly [number, number]) =>
    `(${Math.round(x * 50_000)},${Math.round(y * 50_000)})`;
  const nits = (value: number) => Math.round(value * 10_000);
  return [
    "hdr10=1",
    ...(display === undefined
      ? []
      : [
          `master-display=G${point(display.green)}B${point(display.blue)}R${point(display.red)}WP${point(display.white)}L(${nits(display.maxNits)},${nits(display.minNits)})`,
        ]),
    ...(content === undefined ? [] : [`max-cll=${content.maxNits},${content.averageNits}`]),
  ];
}
