import type { FrameSize } from "./frame-size.ts";

/** A logo that is ready to be laid over a picture: a PNG of its final size and transparency. */
export interface Overlay {
  file: string;
  /** px from the left and upper edges of the picture */
  left: number | string;
  top: number | string;
}

/** Sides from which on players take untagged pictures for BT.709, px. */
const HD_HEIGHT_PX = 720;

/** Opens the logo as the second input; nothing without one. */
export function overlayInput(overlay: Overlay | undefined): string[] {
  return overlay === undefined ? [] : ["-protocol_whitelist", "file", "-f", "png_pipe", "-i", overlay.file];
}

/**
 * A graph that puts every frame of the main picture through `filters` and lays the logo over it, if there is one. The
 * logo is one picture, which stays for all frames.
 *
 * @param filters up to the frames that the logo lies on, of the given size
 * @param pixelFormat of those frames
 * @param behind what becomes of them
 */
export function overlayGraph(
  filters: readonly string[],
  overlay: Overlay | undefined,
  { size, pixelFormat }: { size: FrameSize; pixelFormat: string },
  behind: string,
): string {
  const picture = [...filters, `format=${pixelFormat}`].join(",");
  if (overlay === undefined) return `[0:V:0]${picture}${behind}`;
  const matrix = Math.min(size.width, size.height) >= HD_HEIGHT_PX ? "bt709" : "bt601";
  return [
    `[0:V:0]${picture}[picture]`,
    `[1:v]scale=out_color_matrix=${matrix}:out_range=tv,format=yuva444p[logo]`,
    `[picture][logo]overlay=${overlay.left}:${overlay.top}:format=auto,format=${pixelFormat}${behind}`,
  ].join(";");
}
