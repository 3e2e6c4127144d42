import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { getFile } from "./object-transfer.ts";
import type { TaskContext } from "./task-context.ts";

/** Downloads on the way at once: the next ones travel while one is appended. */
const AHEAD = 4;

/**
 * Downloads the parts of a track and writes them behind each other into one file. What is on the disk beside that file
 * is a few parts.
 *
 * @param parts paths below `baseUrl`, and bytes
 * @param onPart called when one is written
 * @throws {MediaError} what {@link getFile} throws
 */
export async function getParts(
  { folder, signal }: Pick<TaskContext, "folder" | "signal">,
  baseUrl: string,
  parts: readonly (readonly [path: string, bytes: number])[],
  file: string,
  onPart: () => void,
): Promise<void> {
  for (let first = 0; first < parts.length; first += AHEAD) {
    const group = parts.slice(first, first + AHEAD).map(([path, bytes], i) => ({
      local: `${folder}/part-${i}`,
      url: `${baseUrl}/${path}`,
      bytes,
    }));
    await Promise.all(
      group.map(({ local, url, bytes }) => getFile({ url, file: local, maxBytes: bytes, signal })),
    );
    for (const { local } of group) {
      await pipeline(createReadStream(local), createWriteStream(file, { flags: "a" }), { signal });
      await rm(local);
      onPart();
    }
  }
}
