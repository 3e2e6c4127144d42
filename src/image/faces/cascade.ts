import { MediaError } from "../../errors.ts";

/** Boxes of a window whose brightness is summed, each times its weight: what one feature compares. */
interface Feature {
  /** x, y, width, height, weight of each box, one after the other; px of the window. */
  boxes: Float64Array;
}

/** A small tree of comparisons. A positive child is another node, any other the leaf of that number, negated. */
interface Tree {
  left: Int16Array;
  right: Int16Array;
  feature: Int16Array;
  threshold: Float64Array;
  leaves: Float64Array;
}

/** A window goes on to the next stage when its trees' leaves sum to the threshold. */
interface Stage {
  threshold: number;
  trees: Tree[];
}

/** A detector as Viola and Jones described it (2001): many stages, most windows fall at the first. */
export interface Cascade {
  /** Size of the window, px. */
  width: number;
  height: number;
  stages: Stage[];
  features: Feature[];
}

/**
 * Reads a cascade of upright Haar features in OpenCV's XML form (`opencv-cascade-classifier`).
 *
 * @throws MediaError `internal` when it is none
 */
export function parseCascade(xml: string): Cascade {
  const [stagesText = "", featuresText = ""] = xml.split("<features>");
  const cascade = {
    width: numberIn(xml, "width"),
    height: numberIn(xml, "height"),
    stages: stagesText.split("<stageThreshold>").slice(1).map(parseStage),
    features: featuresText.split("<rects>").slice(1).map(parseFeature),
  };
  const isWhole = cascade.stages.length > 0 && cascade.features.length > 0 && cascade.width > 0;
  if (isWhole && xml.includes("<featureType>HAAR<") && !/<tilted>\s*1/.test(xml)) return cascade;
  throw new MediaError("internal", "The face detector's file is not a cascade of upright Haar features.");
}

function numberIn(xml: string, name: string): number {
  return Number(new RegExp(`<${name}>\\s*([\\d.e+-]+)\\s*</${name}>`).exec(xml)?.[1]);
}

function parseStage(text: string): Stage {
  const trees = Array.from(
    text.matchAll(/<internalNodes>([^<]*)<\/internalNodes>\s*<leafValues>([^<]*)</g),
    ([, nodes = "", leaves = ""]) => parseTree(numbers(nodes), numbers(leaves)),
  );
  return { threshold: Number.parseFloat(text), trees };
}

/** Four numbers a node: left, right, feature, threshold. */
function parseTree(nodes: number[], leaves: number[]): Tree {
  const column = (which: number) => nodes.filter((_, index) => index % 4 === which);
  return {
    left: Int16Array.from(column(0)),
    right: Int16Array.from(column(1)),
    feature: Int16Array.from(column(2)),
    threshold: Float64Array.from(column(3)),
    leaves: Float64Array.from(leaves),
  };
}

function parseFeature(text: string): Feature {
  const boxes = Array.from(text.matchAll(/<_>\s*([-\d.e+\s]+?)<\/_>/g), ([, box = ""]) => numbers(box));
  return { boxes: Float64Array.from(boxes.flat()) };
}

function numbers(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}
