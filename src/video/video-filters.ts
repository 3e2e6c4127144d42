import type { FrameSize } from "./frame-size.ts";
import type { VideoDescription } from "./source.ts";

/** What the installed ffmpeg can do, as found by asking it. */
export interface FilterSupport {
  /** Both `zscale` and `tonemap` are there. */
  toneMapping: boolean;
}

const HDR_TRANSFERS = new Set(["smpte2084", "arib-std-b67"]);

export function isHdr(video: VideoDescription): boolean {
  return HDR_TRANSFERS.has(video.colorTransfer ?? "");
}

/** Only PQ stands for light as such, and may come with what it was graded for. */
export function isPq(video: VideoDescription): boolean {
  return video.colorTransfer === "smpte2084";
}

/**
 * The filters that turn decoded frames into upright, progressive, square-pixel SDR of the given size. Rotation is
 * not here: ffmpeg turns the frames itself, in front of the first filter.
 */
export function pictureFilters(video: VideoDescription, size: FrameSize, support: FilterSupport): string[] {
  return [...deinterlaceFilters(video), ...finishFilters(video, size, support)];
}

/** What looks at neighbouring frames, and so must come before any frame is dropped. */
export function deinterlaceFilters(video: VideoDescription): string[] {
  return video.interlaced ? ["bwdif=mode=send_frame:deint=interlaced"] : [];
}

/** What treats each frame by itself. */
export function finishFilters(video: VideoDescription, size: FrameSize, support: FilterSupport): string[] {
  const toneMap = isHdr(video) && support.toneMapping ? toneMapFilters(video.colorTransfer ?? "") : [];
  return [scaleFilter(size), ...toneMap];
}

export function scaleFilter(size: FrameSize): string {
  return `scale=${size.width}:${size.height}:flags=bicubic,setsar=1`;
}

/**
 * HDR to BT.709: to linear light, into the smaller gamut, compress the highlights, back to a display curve. The input
 * side is spelled out because files often leave the primaries and the matrix untagged.
 */
function toneMapFilters(transfer: string): string[] {
  return [
    `zscale=tin=${transfer}:pin=bt2020:min=bt2020nc:rin=tv:t=linear:npl=100`,
    "format=gbrpf32le",
    "zscale=p=bt709",
    "tonemap=tonemap=hable:desat=0",
    "zscale=t=bt709:m=bt709:r=tv",
    "format=yuv420p",
  ];
}
