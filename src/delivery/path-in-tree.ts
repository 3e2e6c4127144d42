import type { StreamIndex } from "../schema/outputs.ts";

const NUMBERED = /^([^/]+)\/(?:(init)\.mp4|(\d{5,9})\.m4s)$/;

/**
 * Where a file of a stream lies, below the outputs of its job. Manifests lie in the first folder of the tree, segments
 * in those of the attempts that encoded them: HLS names these folders, DASH a track and a number, which counts through
 * all of them.
 */
export function pathInTree(path: string, tree: readonly string[], index: StreamIndex | null): string {
  const [manifests = "", ...folders] = tree;
  if (folders.includes(path.split("/")[0] ?? "")) return path;
  const [, track = "", init, digits] = NUMBERED.exec(path) ?? [];
  const parts = index && Object.hasOwn(index.segments, track) ? (index.segments[track] ?? []) : [];
  if (init !== undefined && parts[0] !== undefined) return `${parts[0][1]}/init.mp4`;
  const number = Number(digits);
  const part = parts.findLast(([first]) => first <= number);
  if (part === undefined) return `${manifests}/${path}`;
  const [first, folder] = part;
  return `${folder}/${String(number - first + 1).padStart(5, "0")}.m4s`;
}
