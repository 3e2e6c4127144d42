/** What `codecs/kernels.ts` calls. One piece of work at a time: each `start…` forgets the one before. */
export { decodeToPlanes, pictureHeight, pictureWidth, renderPlanes, startFile } from "./picture";
export { pixelsOutput, pushStrip, startPixels, startStrip, stripRows } from "./pixels";
export { SAMPLE_COLORS, setTransparentColor } from "./png/expand";
export { beginPass, beginPng, nextPngRows, pngStatus, startPng } from "./png/rows";
