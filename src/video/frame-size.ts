/** Sides of a picture, px. */
export interface FrameSize {
  width: number;
  height: number;
}

interface BoundingBox {
  width?: number | undefined;
  height?: number | undefined;
  allowEnlarge: boolean;
}

/** H.264 in 4:2:0 has a colour sample for every second pixel only, so both sides must be even. Rounds down. */
export function evenSize(size: FrameSize): FrameSize {
  return { width: evenFloor(size.width), height: evenFloor(size.height) };
}

/** Largest even size that fits the box with the source's ratio, px. A missing side of the box does not limit. */
export function fitFrame(source: FrameSize, box: BoundingBox): FrameSize {
  const room = Math.min(
    (box.width ?? Number.POSITIVE_INFINITY) / source.width,
    (box.height ?? Number.POSITIVE_INFINITY) / source.height,
  );
  const limit = box.allowEnlarge && Number.isFinite(room) ? room : Math.min(room, 1);
  if (limit === 1) return evenSize(source);
  return withinBox(
    { width: evenNearest(source.width * limit), height: evenNearest(source.height * limit) },
    box,
  );
}

/** The size with the given short side (made even) and the source's ratio, px. */
export function scaleToShortSide(source: FrameSize, shortSidePx: number): FrameSize {
  const scale = shortSidePx / Math.min(source.width, source.height);
  const short = evenFloor(shortSidePx);
  return source.width >= source.height
    ? { width: evenNearest(source.width * scale), height: short }
    : { width: short, height: evenNearest(source.height * scale) };
}

function withinBox(size: FrameSize, box: BoundingBox): FrameSize {
  return {
    width: Math.min(size.width, evenFloor(box.width ?? size.width)),
    height: Math.min(size.height, evenFloor(box.height ?? size.height)),
  };
}

function evenFloor(side: number): number {
  return Math.max(2, Math.floor(side / 2) * 2);
}

function evenNearest(side: number): number {
  return Math.max(2, Math.round(side / 2) * 2);
}
