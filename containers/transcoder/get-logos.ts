import { join } from "node:path";
import type { LogoSource } from "../../src/video/protocol.ts";
import { getFile } from "./object-transfer.ts";
import { openableImage } from "./openable-image.ts";
import type { TaskContext } from "./task-context.ts";

/** Local files of logos, by media id. */
export type LogoFiles = Record<string, string>;

/**
 * Downloads the logos that a task's pictures are marked with.
 * @throws {MediaError} what {@link getFile} and {@link openableImage} throw
 */
export async function getLogos(context: TaskContext, logos: readonly LogoSource[] = []): Promise<LogoFiles> {
  const files = logos.map(({ mediaId, url, bytes }, i) => ({
    mediaId,
    download: { url, file: join(context.folder, `logo-${i}`), maxBytes: bytes, signal: context.signal },
  }));
  await Promise.all(files.map(({ download }) => getFile(download)));
  const opened: LogoFiles = {};
  for (const { mediaId, download } of files) opened[mediaId] = await openableImage(context, download.file);
  return opened;
}
