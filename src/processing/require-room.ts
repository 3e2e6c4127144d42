import { MediaError } from "../errors.ts";
import type { FileOutput } from "../video/file-output.ts";
import type { Footprint } from "../video/footprint.ts";

/**
 * The making of a file is expected to stay within the memory that its owner allows it.
 *
 * @throws MediaError `impossible_output`
 */
export function requireRoom({ name, limits }: FileOutput, { memoryBytes }: Footprint): void {
  if (limits?.memoryBytes === undefined || memoryBytes <= limits.memoryBytes) return;
  const [needed, allowed] = [memoryBytes, limits.memoryBytes].map((bytes) => Math.ceil(bytes / 1_000_000));
  throw new MediaError(
    "impossible_output",
    `${name} is expected to take ${needed} MB of memory, and max_memory_mb is ${allowed}: allow more, or ask for a smaller picture.`,
  );
}
