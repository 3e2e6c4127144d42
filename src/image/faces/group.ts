/** A rectangle, px. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Fewer windows than this that agree are chance. */
const LEAST_AGREEING = 3;
/** How far the edges of two boxes may lie apart for them to agree, of their mean size. */
const TOLERANCE = 0.2;

/** Boxes that agree become one, their mean; those that stand alone go. The largest first. */
export function groupBoxes(boxes: readonly Box[]): Box[] {
  const groups: Box[][] = [];
  for (const box of boxes) {
    const near = groups.filter((group) => group.some((other) => agree(box, other)));
    const rest = groups.filter((group) => !near.includes(group));
    groups.splice(0, groups.length, ...rest, [box, ...near.flat()]);
  }
  const means = groups.filter((group) => group.length >= LEAST_AGREEING).map(meanOf);
  return means
    .filter((box) => !means.some((other) => other.width > box.width && holds(other, box)))
    .sort((a, b) => b.width - a.width);
}

function agree(a: Box, b: Box): boolean {
  const reach = TOLERANCE * 0.25 * (a.width + b.width + a.height + b.height);
  const isNear = (one: number, other: number) => Math.abs(one - other) <= reach;
  return isNear(a.x, b.x) && isNear(a.y, b.y) && isNear(a.x + a.width, b.x + b.width);
}

/** Whether the middle of a box lies in another. */
function holds(outer: Box, { x, y, width, height }: Box): boolean {
  const [middleX, middleY] = [x + width / 2 - outer.x, y + height / 2 - outer.y];
  return middleX > 0 && middleY > 0 && middleX < outer.width && middleY < outer.height;
}

function meanOf(group: readonly Box[]): Box {
  const mean = (of: (box: Box) => number) => group.reduce((sum, box) => sum + of(box), 0) / group.length;
  return {
    x: mean((b) => b.x),
    y: mean((b) => b.y),
    width: mean((b) => b.width),
    height: mean((b) => b.height),
  };
}
